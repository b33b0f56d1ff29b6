#!/bin/bash
# An example of a pipeline, /etc/intelpipe/pipeline/events.sh.
# collect-spool runs it with bash -o pipefail. It ends with an output.

expert-deduplicator --state events.seen |
	expert-taxonomy |
	output-file --file "$STATE_DIRECTORY/events.ndjson"
