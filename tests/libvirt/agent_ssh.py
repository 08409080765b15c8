# SPDX-License-Identifier: GPL-2.0-or-later
"""agent_ssh.py SOCKET COMMAND: has the guest's agent run it, as ssh would, once the guest is up."""
import sys

from agent import Agent


class Guest:
    """One of which nothing is known but its agent."""

    @staticmethod
    def poll():
        return None


agent = Agent(sys.argv[1], Guest)
agent.wait(180)
status, output, error = agent.run(sys.argv[2])
sys.stdout.buffer.write(output)
sys.stderr.write(error)
sys.exit(status)
