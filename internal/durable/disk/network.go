package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// networks are file systems on which a lock of one machine does not hold on
// another, by the magic number that statfs(2) returns.
var networks = map[uint32]string{
	0x00006969: "NFS",
	0x0000517B: "SMB",
	0xFE534D42: "SMB2",
	0xFF534D42: "CIFS",
	0x0000564C: "NCP",
	0x73757245: "Coda",
	0x5346414F: "AFS",
	0x6B414653: "AFS",
	0x01021997: "9P",
	0x00C36400: "Ceph",
	0x0BD00BD0: "Lustre",
	0x47504653: "GPFS",
	0x786F4256: "vboxsf",
	0xBACBACBC: "vmhgfs",
}

// fuse is the magic number of all file systems that a process implements.
const fuse = 0x65735546

// localFUSE are the types of those that keep their data on this machine. A type
// that is not listed, such as fuse.sshfs, counts as a network file system.
var localFUSE = map[string]bool{
	"fuseblk":             true, // NTFS and exFAT on a disk
	"fuse.fuse-overlayfs": true, // containers without root
	"fuse.bindfs":         true,
	"fuse.encfs":          true,
	"fuse.gocryptfs":      true,
	"fuse.mergerfs":       true,
}

// NetworkFS returns the name of the network file system that path lies on, or "" if
// it lies on a local one. A path that does not exist lies where its nearest
// existing directory does. Locks on a network file system do not hold between
// machines, or do not hold at all.
func NetworkFS(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	var st unix.Statfs_t
	for err = unix.Statfs(path, &st); errors.Is(err, fs.ErrNotExist) && path != "/"; err = unix.Statfs(path, &st) {
		path = filepath.Dir(path)
	}
	if err != nil {
		return "", &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	magic := uint32(st.Type)
	if magic != fuse {
		return networks[magic], nil
	}
	var info unix.Stat_t
	if err := unix.Stat(path, &info); err != nil {
		return "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo") // without it, every FUSE is refused
	return networkFUSE(string(mounts), unix.Major(uint64(info.Dev)), unix.Minor(uint64(info.Dev))), nil
}

// networkFUSE looks the device up in the text of /proc/self/mountinfo, and
// returns the type of its file system unless that is local.
func networkFUSE(mounts string, major, minor uint32) string {
	device := fmt.Sprintf("%d:%d", major, minor)
	for line := range strings.Lines(mounts) {
		// 36 35 0:52 / /mnt rw,nosuid shared:1 - fuse.sshfs host: rw
		mount, source, _ := strings.Cut(line, " - ")
		fields := strings.Fields(mount)
		if len(fields) < 3 || fields[2] != device {
			continue
		}
		kind, _, _ := strings.Cut(source, " ")
		if localFUSE[kind] {
			return ""
		}
		return kind
	}
	return "FUSE"
}
