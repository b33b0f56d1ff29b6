package aggregate

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// number is how many events this one stands for.
func number(m *event.Message) (int64, error) {
	v, ok := m.Value("extra.count")
	if !ok || v.Kind != harmonization.Number {
		return 1, nil
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || n == math.MinInt64:
		return 0, fmt.Errorf("extra.count: %.40s is too large to count with", v.Text)
	case err != nil:
		return 1, nil // it is no integer
	}
	return n, nil
}

// timeOf is the time of an event, as it is written.
func timeOf(m *event.Message, now int64) string {
	return cmp.Or(m.Get("time.source"), m.Get("time.observation"), format(now))
}

func format(micro int64) string { return harmonization.FormatTime(time.UnixMicro(micro).UTC()) }

// names are what names of entries begin with in Redis, and the name of what is prepared.
// A command with the defaults shares the names of IntelMQ, which takes everything below
// aggregate. for its own.
func names(fields []string, threshold, span int64) (prefix, prepared string) {
	fields = slices.Compact(slices.Sorted(slices.Values(fields)))
	name := fmt.Sprintf("%s %d %d", strings.Join(fields, ","), threshold, span)
	if name == "classification.identifier,classification.type 10 3600000000" {
		return "aggregate.", "expert-aggregate.prepared"
	}
	hash := sha256.Sum256([]byte(name))
	prefix = fmt.Sprintf("expert-aggregate.%x.", hash[:6])
	return prefix, prefix + "prepared"
}
