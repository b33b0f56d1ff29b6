#!/bin/bash
# An example of a collector, /etc/intelpipe/collect/ssh.sh.
# systemd and cron run it with bash -o pipefail.

collect-http --http-url https://lists.blocklist.de/lists/ssh.txt --name "SSH attacks" --provider blocklist.de |
	parse-blocklistde --input report |
	output-spool --quota 10GiB "$STATE_DIRECTORY/events.spool"
