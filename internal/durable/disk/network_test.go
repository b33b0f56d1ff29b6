package disk

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkFS(t *testing.T) {
	local := func() {
		t.Helper()
		if name, err := NetworkFS("/proc"); name != "" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
	}
	local()
	defer local()
	// The table decides: what is local here is put into it.
	var st unix.Statfs_t
	if err := unix.Statfs("/proc", &st); err != nil {
		t.Fatal(err)
	}
	networks[uint32(st.Type)] = "procfs"
	defer delete(networks, uint32(st.Type))
	if name, err := NetworkFS("/proc/none/at/all"); name != "procfs" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

func TestNetworkFUSE(t *testing.T) {
	const mounts = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
36 22 0:52 / /mnt/a\040b rw,nosuid shared:1 master:2 - fuse.sshfs host:/a - b rw
37 22 0:53 / /mnt/c rw - fuse.fuse-overlayfs overlay rw
38 22 8:17 / /mnt/d rw - fuseblk /dev/sdb1 rw
39 22 0:54 / /mnt/e rw - virtiofs share rw
`
	for minor, want := range map[uint32]string{52: "fuse.sshfs", 53: "", 54: "virtiofs", 55: "FUSE"} {
		if got := networkFUSE(mounts, 0, minor); got != want {
			t.Errorf("0:%d: %q, want %q", minor, got, want)
		}
	}
	if got := networkFUSE(mounts, 8, 17); got != "" {
		t.Errorf("got %q", got)
	}
}
