package mailparts

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/intelpipe/intelpipe/internal/charset"
)

func TestMails(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "\n \n", ""},
		{"one mail", "\xef\xbb\xbf\n\nSubject: a\n\nFrom a@example.org Tue Nov 24 18:10:00 2026\n>From b\n", `3 "Subject: a\n\nFrom a@example.org Tue Nov 24 18:10:00 2026\n>From b\n"`},
		{"mailbox", "From a@example.org Tue Nov 24 18:10:00 2026\nA: b\n\nc\n>From d\n\nFrom - Tue Nov 24 18:10:00 2026\nE: f\n\n\n", `2 "A: b\n\nc\nFrom d\n" 8 "E: f\n\n"`},
		{"postmarks", "From x\nA: b\n\nFrom here to 10:30 in 2026\nFrom 1@xxx Tue Nov 24 18:10:00 +0000 2026\nC: d\n", `2 "A: b\n\nFrom here to 10:30 in 2026\n" 6 "C: d\n"`},
		{"other line ends", "From x\r\nA: b\r\n\r\nc\r\n\r\nFrom a Tue Nov 24 18:10 2026\r\nD: e", `2 "A: b\r\n\r\nc\r\n" 7 "D: e"`},
		{"long lines", "From " + long + "\nA: " + long + "\nFrom " + long + "\n", fmt.Sprintf("2 %q", "A: "+long+"\nFrom "+long+"\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for m, err := range Mails(iotest.OneByteReader(strings.NewReader(test.text))) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%d %q", m.Line, m.Text))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %.500s, want %.500s", got, test.want)
			}
		})
	}
}

func TestMailTooLarge(t *testing.T) {
	box := io.MultiReader(strings.NewReader("From x\nA: b\n\n"), strings.NewReader(strings.Repeat("0123456\n", 4<<17)), strings.NewReader("From a Tue Nov 24 18:10 2026\nC: d\n"))
	var got []string
	for m, err := range mails(box, 2<<20) {
		got = append(got, fmt.Sprint(m.Line, " ", len(m.Text), " ", err))
	}
	if want := "[2 1048576 a mail of more than 256 MiB 524293 5 <nil>]"; fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBrokenReader(t *testing.T) {
	broken := errors.New("broken")
	for m, err := range Mails(io.MultiReader(strings.NewReader("A: b\n"), iotest.ErrReader(broken))) {
		if err != broken || string(m.Text) != "A: b\n" {
			t.Errorf("got %q %v", m.Text, err)
		}
	}
}

// kinds are those of parts, as text.
var kinds = [...]string{Attachment: "attachment", Plain: "plain", HTML: "html", Signature: "signature"}

func describe(m *Mail) string {
	var b strings.Builder
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "%s %q %q", kinds[p.Kind], p.Name, p.Text)
		if p.Err != nil {
			fmt.Fprintf(&b, " %v", p.Err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no header", "\nx", `plain "" "x"`},
		{"no body", "Subject: x\n", `plain "" ""`},
		{"quoted-printable", "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: Quoted-Printable\n\nK=F6ln=\n!\n", `plain "" "Köln!\n"`},
		{"8bit", "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nK\xf6ln\n", `plain "" "Köln\n"`},
		{"no charset", "Subject: x\n\nK\xf6ln\n", `plain "" "K\xf6ln\n"`},
		{"base64 with blanks", "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n PGEg\t\n Pg==\n", `html "" "<a >"`},
		{"base64 without its end", "Content-Transfer-Encoding: base64\n\nPGE\n", `plain "" "" the part ends before its base64 does`},
		{"no base64", "Content-Transfer-Encoding: base64\n\nP!==\n", `plain "" "" illegal base64 data at input byte 1`},
		{"unknown charset", "Content-Type: text/plain; charset=nonsense\n\nx", `plain "" "" charset: unknown encoding "nonsense"`},
		{"wrong charset", "Content-Type: text/plain; charset=utf-8\n\nx\xff", `plain "" "" line 1, column 2: byte 0xff is not utf-8`},
		{"names", "Content-Type: multipart/mixed; boundary=x\n\nbefore\n" +
			"--x\nContent-Type: text/csv; name=\"a;b.csv\"\n\n1\n" +
			"--x\nContent-Disposition: attachment; filename=a b.csv\n\n2\n" +
			"--x\nContent-Disposition: attachment; filename*=iso-8859-1'de'Pr%FCfung%20a.csv\n\n3\n" +
			"--x\nContent-Disposition: attachment; filename*0*=utf-8''%C3%BC; filename*1=b; filename*2*=%2Ecsv\n\n4\n" +
			"--x\nContent-Disposition: attachment; filename*0*=windows-1252''%FC; filename*1*=%E4.csv\n\n5\n" +
			"--x\nContent-Type: application/zip; name=\"=?utf-8?q?=C3=BC=2Ezip?=\"\n\n6\n" +
			"--x\nContent-Disposition: attachment; filename=\"C:\\\\x\\\\..\\\\y.csv\"\n\n7\n" +
			"--x\nContent-Disposition: attachment; filename=\"..\"\n\n8\n" +
			"--x \n\n9\n--x--\nafter", `attachment "a;b.csv" "1"
attachment "a b.csv" "2"
attachment "Prüfung a.csv" "3"
attachment "üb.csv" "4"
attachment "üä.csv" "5"
attachment "ü.zip" "6"
attachment "y.csv" "7"
attachment "" "8"
plain "" "9"`},
		{"kinds", "Content-Type: multipart/mixed; boundary=\"x y\"\n\n" +
			"--x y\r\nContent-Type: text/plain; format=flowed; charset\r\n\r\n1\r\n\r\n" +
			"--x y\nContent-Type: text/csv\n\n2\n" +
			"--x y\nContent-Type: application/pgp-signature; name=signature.asc\n\n3\n" +
			"--x y\nContent-Type: message/feedback-report\n\n4\n" +
			"--x y\nContent-Type: text plain\n\n5\n" +
			"--x y--", `plain "" "1\r\n"
attachment "" "2"
signature "signature.asc" "3"
attachment "" "4"
attachment "" "5"`},
		{"nested", "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nContent-Type: multipart/alternative; boundary=xy\n\n--xy\n\n1\n--xy\nContent-Type: text/html\n\n2\n--xy--\n--x\n\n3\n--x--\n", `plain "" "1"
html "" "2"
plain "" "3"`},
		{"one part is broken", "Content-Type: multipart/mixed; boundary=x\n\n" +
			"--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\n1\n" +
			"--x\nContent-Type: multipart/mixed\n\n2\n" +
			"--x\nno header\n" +
			"--x\nContent-Type: message/rfc822\n\nno header\n" +
			"--x\nContent-Transfer-Encoding: secret\n\n5\n" +
			"--x\n\n6\n--x--\n", `attachment "" "" the mail ends within a part
attachment "" "" the parts have no boundary between them
attachment "" "" malformed header line: no header
attachment "" "" malformed header line: no header
plain "" "" the transfer encoding "secret" is not known
plain "" "6"`},
		{"without an end", "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n1\n", "error: the mail ends within a part"},
		{"without parts", "Content-Type: multipart/mixed; boundary=x\n\n1\n", "error: the parts have no boundary between them"},
		{"no header at all", "x\n\ny\n", "error: malformed header line: x"},
		{"too many", "Content-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\n\n1\n", maxParts+1) + "--x--\n", "error: more than 1000 parts"},
		{"too deep", nested(maxDepth + 2), `attachment "" "" parts are nested more than 20 levels deep`},
		{"deep", nested(maxDepth), `plain "" "x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := Read([]byte(test.text), Text{})
			got := ""
			if err != nil {
				got = "error: " + err.Error()
			} else {
				got = describe(m)
			}
			got, _, _ = strings.Cut(strings.TrimSpace(got), "; known are")
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if err == nil {
				alone(t, m)
			}
		})
	}
}

// nested is a mail in which so many have one part.
func nested(levels int) string {
	text := "\nx\n"
	for i := range levels {
		text = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%dx\n\n--b%dx\n%s\n--b%dx--\n", i, i, strings.TrimSuffix(text, "\n"), i)
	}
	return text
}

// alone makes sure that each part can be read again by itself.
func alone(t *testing.T, m *Mail) {
	for _, p := range m.Parts {
		if p.Err == errDeep {
			continue // alone it is not as deep
		}
		again, err := Read(p.Alone(), Text{})
		switch {
		case err != nil:
			if p.Err == nil || err.Error() != p.Err.Error() {
				t.Errorf("%q: %v, not %v", p.Alone(), err, p.Err)
			}
		case len(again.Parts) != 1:
			t.Errorf("%q has %d parts", p.Alone(), len(again.Parts))
		case describe(again) != describe(&Mail{Parts: []*Part{p}}):
			t.Errorf("got %s of %q, want %s", describe(again), p.Alone(), describe(&Mail{Parts: []*Part{p}}))
		case again.Subject != m.Subject || again.From != m.From || again.ID != m.ID || again.Date != m.Date:
			t.Errorf("got %+v, want %+v", again, m)
		}
	}
}

func TestHeaders(t *testing.T) {
	m, err := Read([]byte("Subject: =?utf-8?q?=C3=BC?= =?iso-8859-1?q?=FC?=\nFrom: =?utf-8?q?x?= <a@example.org>,\n b@example.org\nMessage-ID: <1@example.org>\nDate: now\n\n"), Text{})
	if got := fmt.Sprint(m.Subject, " ", m.From, " ", m.ID, " ", m.Date, " ", err); got != "üü a@example.org,b@example.org <1@example.org> now <nil>" {
		t.Error(got)
	}
	m, err = Read([]byte("Subject: \xfc =?nonsense?q?x?=\nFrom: somebody\n\n"), Text{})
	if got := fmt.Sprint(m.Subject, " ", m.From, " ", err); got != "\ufffd =?nonsense?q?x?= somebody <nil>" {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	latin1, err := charset.Lookup("latin1")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("Content-Type: multipart/mixed; boundary=x\n\n--x\n\n\xfc\n--x\nContent-Type: text/plain; charset=utf-8\n\n\xfc\n--x\nContent-Type: text/plain; charset=us-ascii\n\n\xfc\n--x--\n")
	m, err := Read(text, Text{Encoding: latin1, Named: true, Errors: charset.Replace})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(m), "plain \"\" \"ü\"\nplain \"\" \"\ufffd\"\nplain \"\" \"ü\"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFiles(t *testing.T) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range []string{"a.csv", "b/c.csv"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(name))
	}
	z.Close()
	p := &Part{Name: "x.zip", Text: packed.Bytes()}
	files, err := p.Files(100)
	if err != nil || len(files) != 2 || string(files[1].Text) != "b/c.csv" {
		t.Errorf("got %v %v", files, err)
	}
	if _, err := p.Files(0); err == nil || !strings.HasPrefix(err.Error(), "archive unpacks to more") {
		t.Error(err)
	}
	p.Text = p.Text[:len(p.Text)/2]
	if _, err := p.Files(100); err == nil {
		t.Error("half an archive was unpacked")
	}
	p.Text = []byte("x")
	if files, err := p.Files(100); err != nil || len(files) != 1 || files[0] != p {
		t.Errorf("got %v %v", files, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Disposition: attachment; filename*0*=latin1''%fc; filename*1*=a\n\n1\n--x--\n"))
	f.Add([]byte("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKeA==\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := Read(text, Text{}); err == nil {
			for _, p := range m.Parts {
				p.Alone()
				p.Files(1 << 20)
			}
		}
	})
}
