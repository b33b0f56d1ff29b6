#!/bin/bash
# An example of a collector, /etc/intelpipe/collect/ssh.sh.
# systemd and cron run it with bash -o pipefail.
#
# It owns its pipeline, after --: what was fetched counts when its events are in
# the spool, and is not fetched again before it changes.

# shellcheck disable=SC2016 # the inner shell knows the variable
collect-http --http-url https://lists.blocklist.de/lists/ssh.txt --name "SSH attacks" --provider blocklist.de -- \
	bash -o pipefail -c '
		parse-blocklistde --input report |
			output-spool --quota 10GiB "$STATE_DIRECTORY/events.spool"'
