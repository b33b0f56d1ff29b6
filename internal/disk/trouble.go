package disk

import (
	"errors"
	"syscall"
)

// IsTrouble tells what may pass, such as a full disk or a lock that somebody
// has, from a mistake in a path.
func IsTrouble(err error) bool {
	var locked *LockedError
	if errors.As(err, &locked) {
		return true
	}
	for _, e := range [...]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
