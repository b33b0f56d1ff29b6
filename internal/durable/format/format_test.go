package format

import "testing"

func TestCheck(t *testing.T) {
	if err := Check("/state/seen", 3, 3); err != nil {
		t.Error(err)
	}
	const want = "/state/seen: has format 4, and this version knows format 3 only: use the version that wrote it, or move it away to begin without it"
	if err := Check("/state/seen", 4, 3); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if Check("/state/seen", 0, 1) == nil {
		t.Error("an older format is taken")
	}
}

func TestDamaged(t *testing.T) {
	const want = "/state/seen: damaged at byte 17: bad record; restore it from a backup, or move it away to begin without it"
	if err := Damaged("/state/seen", 17, "bad record"); err.Error() != want {
		t.Errorf("got %v", err)
	}
}
