package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// IsTrouble tells what may pass, such as a full disk or the lock of another
// process, from a mistake of whoever has named the path.
func IsTrouble(err error) bool {
	var locked *LockedError
	return errors.As(err, &locked) ||
		errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EIO) || errors.Is(err, unix.EROFS)
}
