"""Runs a command on a terminal of its own and answers what it asks.

usage: terminal.py ANSWERS COMMAND...

ANSWERS is a JSON list of pairs: what the screen has to show, and what is then typed. Everything that the
screen showed is printed, and the exit code is the command's.
"""

import json
import os
import pty
import sys

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])

screen, unread = b"", b""
while True:
    try:
        shown = os.read(terminal, 4096)
    except OSError:
        # The last one to hold the terminal has closed it.
        break
    if not shown:
        break
    screen, unread = screen + shown, unread + shown
    if answers and answers[0][0].encode() in unread:
        unread = b""
        os.write(terminal, answers.pop(0)[1].encode() + b"\n")

sys.stdout.buffer.write(screen)
sys.stdout.flush()
if answers:
    sys.exit(f"never asked: {answers[0][0]}")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
