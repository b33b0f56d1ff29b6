# bash completion for intelpipe; generated, do not edit.

_intelpipe() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[0]##*/} i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		then) command=${COMP_WORDS[i + 1]} ;;
		esac
	done
	if [[ $command == intelpipe ]] && ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi
	local words
	case $command in
	collect-file) words='--path --postfix --delete-file --chunk-size --chunk-replicate-header --follow-links --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --rate-limit --restarts' ;;
	collect-http) words='--http-url --http-url-formatting --timezone --extract-files --max-download --max-unpacked --dry-run --http-timeout-sec --http-timeout-total --http-timeout-max-tries --http-username --http-password-file --http-proxy --https-proxy --http-user-agent --http-verify-cert --http-header --ssl-client-certificate --http-allow-private-redirects --url-secrets --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --rate-limit --restarts' ;;
	collect-redis) words='--redis-server-ip --redis-server-port --redis-db --redis-password-file --redis-queue --redis-timeout --follow --window-messages --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --rate-limit --restarts' ;;
	collect-spool) words='--follow --consumer --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --rate-limit --restarts' ;;
	dump) words='list show edit replay delete --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-asn-lookup) words='--database --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-deduplicator) words='--filter-keys --filter-type --bypass --state --redis-cache-host --redis-cache-port --redis-cache-db --redis-cache-ttl --redis-cache-password-file --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-field-reducer) words='--type --keys --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-filter) words='--filter-key --filter-value --filter-action --filter-regex --not-before --not-after --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --to' ;;
	expert-gethostbyname) words='--fallback-to-url --gaierrors-to-ignore --overwrite --nameserver --timeout --retries --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --jobs' ;;
	expert-harmonize) words='--unknown --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-modify) words='--configuration-path --case-sensitive --maximum-matches --overwrite --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-rfc1918) words='--fields --policy --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-taxonomy) words='--harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	expert-url) words='--overwrite --skip-fields --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	output-blackhole) words='--harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --pass' ;;
	output-file) words='--file --format-filename --encoding-errors-mode --hierarchical-output --message-with-type --message-jsondict-as-string --single-key --keep-raw-field --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --pass' ;;
	output-files) words='--dir --tmp --suffix --hierarchical-output --message-with-type --message-jsondict-as-string --single-key --keep-raw-field --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --pass' ;;
	output-redis) words='--redis-server-ip --redis-server-port --redis-db --redis-password-file --redis-queue --redis-timeout --hierarchical-output --with-type --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --pass' ;;
	output-spool) words='--segment-bytes --segment-age --quota --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --pass' ;;
	parse-abusech-feodotracker) words='--harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	parse-blocklistde) words='--harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	parse-csv) words='--columns --columns-required --column-regex-search --compose-fields --data-type --default-url-protocol --decimal-comma --delimiter --skip-header --time-format --type --type-translation --filter-text --filter-type --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	parse-json) words='--splitlines --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	parse-key-value) words='--keys --pair-separator --kv-separator --strip-quotes --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	parse-shadowserver) words='--feedname --overwrite --schema --fallback --test-mode --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version --name --provider --code --documentation --accuracy --file-name --input --encoding --encoding-errors --timezone --day-first --max-report --default-fields --copy-collector-provided-fields' ;;
	spool) words='list stat verify requeue --harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	through) words='--harmonization --dump --dump-bytes --record-limit --grace --config --verbose --help --help-all --version' ;;
	help | man) words='collect-file collect-http collect-redis collect-spool dump expert-asn-lookup expert-deduplicator expert-field-reducer expert-filter expert-gethostbyname expert-harmonize expert-modify expert-rfc1918 expert-taxonomy expert-url output-blackhole output-file output-files output-redis output-spool parse-abusech-feodotracker parse-blocklistde parse-csv parse-json parse-key-value parse-shadowserver spool through' ;;
	fields) words='--json --report --harmonization --help' ;;
	types) words='--json --harmonization --help spam harmful-speech violence ddos dos outage sabotage misconfiguration copyright masquerade phishing unauthorized-use-of-resources unauthorised-information-access unauthorised-information-modification data-loss data-leak scanner sniffing social-engineering brute-force exploit ids-alert application-compromise burglary privileged-account-compromise system-compromise unprivileged-account-compromise c2-server infected-system malware-configuration malware-distribution blacklist dga-domain malware proxy tor other undetermined test ddos-amplifier information-disclosure potentially-unwanted-accessible vulnerable-system weak-crypto' ;;
	*) words='list help man fields types completion --install-links --version collect-file collect-http collect-redis collect-spool dump expert-asn-lookup expert-deduplicator expert-field-reducer expert-filter expert-gethostbyname expert-harmonize expert-modify expert-rfc1918 expert-taxonomy expert-url output-blackhole output-file output-files output-redis output-spool parse-abusech-feodotracker parse-blocklistde parse-csv parse-json parse-key-value parse-shadowserver spool through' ;;
	esac
	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == then ]]; then words='collect-file collect-http collect-redis collect-spool dump expert-asn-lookup expert-deduplicator expert-field-reducer expert-filter expert-gethostbyname expert-harmonize expert-modify expert-rfc1918 expert-taxonomy expert-url output-blackhole output-file output-files output-redis output-spool parse-abusech-feodotracker parse-blocklistde parse-csv parse-json parse-key-value parse-shadowserver spool through'; fi
	if [[ $cur == -* || $command =~ ^(intelpipe|help|man|types)$ || ${COMP_WORDS[COMP_CWORD - 1]} == then ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	fi
}
complete -o default -F _intelpipe intelpipe collect-file collect-http collect-redis collect-spool dump expert-asn-lookup expert-deduplicator expert-field-reducer expert-filter expert-gethostbyname expert-harmonize expert-modify expert-rfc1918 expert-taxonomy expert-url output-blackhole output-file output-files output-redis output-spool parse-abusech-feodotracker parse-blocklistde parse-csv parse-json parse-key-value parse-shadowserver spool through
