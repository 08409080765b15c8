# SPDX-License-Identifier: GPL-2.0-or-later
"""A local CA as swtpm_setup uses one, in a folder of the test's own."""
import os


def make_ca(folder):
    """Configuration of a local CA below `folder`/ca; returns swtpm_setup's configuration file."""
    def put(file, *lines):
        path = os.path.join(folder, file)
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines) + '\n')
        return path
    ca = put('ca.conf', f'statedir = {folder}/ca', f'signingkey = {folder}/ca/key.pem',
             f'issuercert = {folder}/ca/cert.pem', f'certserial = {folder}/ca/serial')
    options = put('ca.options', '--platform-manufacturer Test', '--platform-version 1',
                  '--platform-model Test')
    return put('setup.conf', 'create_certs_tool = /usr/bin/swtpm_localca',
               f'create_certs_tool_config = {ca}', f'create_certs_tool_options = {options}',
               'active_pcr_banks = sha256')
