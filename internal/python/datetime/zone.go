package datetime

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // 450 KB: a container or an appliance often has no zoneinfo, and the result must not depend on it

	"github.com/intelpipe/intelpipe/internal/plain"
)

// zones has the places that were asked for, by name: loading one takes a system call or
// two. There are about 600.
var zones sync.Map

// Zone returns the zone of a name: UTC, a place of the IANA database such as
// Europe/Vienna, or an offset such as +02:00. It refuses Local, the zone of the
// machine. The error names the zone and says what is expected.
func Zone(name string) (*time.Location, error) {
	if place, ok := zones.Load(name); ok {
		return place.(*time.Location), nil
	}
	switch offset, ok := commonZone(name); {
	case !ok:
	case offset == 0:
		return time.UTC, nil
	case -maxOffset < offset && offset < maxOffset:
		return time.FixedZone(name, offset), nil
	}
	if !isZoneName(name) {
		return nil, zoneError(name)
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return nil, zoneError(name)
	}
	zones.Store(name, place)
	return place, nil
}

// isZoneName reports whether a name can be one of the IANA database. It refuses names
// that lead elsewhere in the system's directory of zones, and the zone of the machine.
func isZoneName(name string) bool {
	if name == "Local" || name == "" {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] < 'A' || part[0] > 'Z' {
			return false
		}
		for i := range len(part) {
			if c := part[i]; !alnum(c) && c != '_' && c != '-' && c != '+' {
				return false
			}
		}
	}
	return true
}

func zoneError(name string) error {
	return fmt.Errorf("%s is not a time zone such as Europe/Vienna, UTC or +02:00", plain.Quote(name))
}

func alnum(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

// Abbreviation returns the offset of a zone by its abbreviation in upper case, in seconds
// east of UTC. It knows those that have one meaning, or nearly so; IST, BST and the like
// have several, and there is no guessing.
func Abbreviation(name string) (seconds int, ok bool) {
	const quarter = 15 * 60
	q := 0
	switch name {
	case "UTC", "GMT", "Z", "UT", "UCT", "WET":
	case "CET", "MEZ", "MET", "WEST", "WAT":
		q = 4
	case "CEST", "MESZ", "MEST", "EET", "SAST", "CAT":
		q = 8
	case "EEST", "MSK", "TRT", "EAT":
		q = 12
	case "IRST":
		q = 14
	case "SAMT":
		q = 16
	case "PKT", "YEKT", "UZT":
		q = 20
	case "NPT":
		q = 23
	case "OMST", "ALMT":
		q = 24
	case "ICT", "WIB", "KRAT", "NOVT":
		q = 28
	case "HKT", "SGT", "MYT", "PHT", "WITA", "AWST", "IRKT":
		q = 32
	case "JST", "KST", "YAKT", "WIT":
		q = 36
	case "ACST":
		q = 38
	case "AEST", "VLAT":
		q = 40
	case "ACDT":
		q = 42
	case "AEDT":
		q = 44
	case "NZST":
		q = 48
	case "NZDT":
		q = 52
	case "BRT", "ART", "ADT", "UYT":
		q = -12
	case "NST":
		q = -14
	case "NDT":
		q = -10
	case "EDT", "AST", "CLT":
		q = -16
	case "EST", "CDT", "PET":
		q = -20
	case "CST", "MDT":
		q = -24
	case "MST", "PDT":
		q = -28
	case "PST", "AKDT":
		q = -32
	case "AKST":
		q = -36
	case "HST":
		q = -40
	default:
		return 0, false
	}
	return q * quarter, true
}
