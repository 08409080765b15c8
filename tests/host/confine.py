# SPDX-License-Identifier: GPL-2.0-or-later
"""Inside the host: a process that puts on an AppArmor profile."""


def put_on(profile):
    """From now on, as a process may that is not confined."""
    with open('/proc/self/attr/current', 'w', encoding='ascii') as f:
        f.write(f'changeprofile {profile}')
