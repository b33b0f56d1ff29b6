package gethostbyname

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/dns"
)

// Errors of getaddrinfo.
const (
	noName = -2
	again  = -3
	fail   = -4
	noData = -5
)

func code(err error) int {
	switch {
	case errors.Is(err, dns.ErrNotFound):
		return noName
	case errors.Is(err, dns.ErrNoData):
		return noData
	case errors.Is(err, dns.ErrRefused):
		return fail
	}
	return again
}

// ignored reads --gaierrors-to-ignore. Some errors are ignored anyway.
func ignored(list string) ([]int, error) {
	codes := []int{noName, fail, noData, -8, -11}
	words := strings.FieldsFunc(strings.Trim(list, "[] "), func(r rune) bool { return strings.ContainsRune(`, "`, r) })
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("--gaierrors-to-ignore %s: a list of numbers is expected", list)
		}
		codes = append(codes, n)
	}
	return codes, nil
}
