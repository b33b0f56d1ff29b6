package charset

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// labels are the names of encodings, folded, one encoding a line. They are
// those of the WHATWG's Encoding Standard and what Python, Windows and mail
// programs write besides. ASCII is a part of UTF-8. As on the web, Latin-1 is
// windows-1252: what it has more is in nobody's Latin-1 by intent.
//
// It is text rather than a map so that it costs nothing at start-up.
const labels = `
utf8 unicode11utf8 unicode20utf8 xunicode20utf8 cp65001 utf8sig ascii usascii ansix341968 iso646us us isoir6 646
utf16le utf16 csunicode iso10646ucs2 ucs2 unicode unicodefeff ucs2le cp1200
utf16be unicodefffe ucs2be cp1201
utf32le utf32 ucs4 ucs4le cp12000
utf32be ucs4be cp12001
ibm437 437 cp437 cspc8codepage437
ibm850 850 cp850 cspc850multilingual
ibm852 852 cp852 cspcp852
ibm855 855 cp855
ibm858 858 cp858
ibm862 862 cp862
ibm866 866 cp866 csibm866
iso88592 csisolatin2 iso885921987 isoir101 l2 latin2
iso88593 csisolatin3 iso885931988 isoir109 l3 latin3
iso88594 csisolatin4 iso885941988 isoir110 l4 latin4
iso88595 csisolatincyrillic cyrillic iso885951988 isoir144
iso88596 arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 iso88596e iso88596i iso885961987 isoir127
iso88597 csisolatingreek ecma118 elot928 greek greek8 iso885971987 isoir126 suneugreek
iso88598 csiso88598e csiso88598i csisolatinhebrew hebrew iso88598e iso88598i iso885981988 isoir138 logical visual
iso885910 csisolatin6 isoir157 l6 latin6
iso885913 l7 latin7
iso885914 l8 latin8 isoceltic
iso885915 csisolatin9 l9 latin9 latin0
iso885916 l10 latin10
koi8r cskoi8r koi koi8
koi8u koi8ru
macintosh csmacintosh mac xmacroman macroman
windows874 dos874 iso885911 tis620 cp874 thai
windows1250 cp1250 xcp1250
windows1251 cp1251 xcp1251
windows1252 ansix341986 cp1252 cp819 csisolatin1 ibm819 iso88591 iso885911987 isoir100 l1 latin1 xcp1252 latin ansi 88591
windows1253 cp1253 xcp1253
windows1254 cp1254 csisolatin5 iso88599 iso885991989 isoir148 l5 latin5 xcp1254
windows1255 cp1255 xcp1255
windows1256 cp1256 xcp1256
windows1257 cp1257 xcp1257
windows1258 cp1258 xcp1258
xmaccyrillic xmacukrainian maccyrillic
gbk chinese csgb2312 csiso58gb231280 gb2312 gb231280 isoir58 xgbk cp936 936 euccn
gb18030
big5 big5hkscs cnbig5 csbig5 xxbig5 cp950
eucjp cseucpkdfmtjapanese xeucjp ujis
iso2022jp csiso2022jp
shiftjis csshiftjis ms932 mskanji sjis windows31j xsjis cp932
euckr cseuckr csksc56011987 isoir149 korean ksc56011987 ksc56011989 ksc5601 windows949 cp949 uhc
`

// library returns the table of an encoding.
func library(name string) encoding.Encoding {
	switch name {
	case "ibm437":
		return charmap.CodePage437
	case "ibm850":
		return charmap.CodePage850
	case "ibm852":
		return charmap.CodePage852
	case "ibm855":
		return charmap.CodePage855
	case "ibm858":
		return charmap.CodePage858
	case "ibm862":
		return charmap.CodePage862
	case "ibm866":
		return charmap.CodePage866
	case "iso88592":
		return charmap.ISO8859_2
	case "iso88593":
		return charmap.ISO8859_3
	case "iso88594":
		return charmap.ISO8859_4
	case "iso88595":
		return charmap.ISO8859_5
	case "iso88596":
		return charmap.ISO8859_6
	case "iso88597":
		return charmap.ISO8859_7
	case "iso88598":
		return charmap.ISO8859_8
	case "iso885910":
		return charmap.ISO8859_10
	case "iso885913":
		return charmap.ISO8859_13
	case "iso885914":
		return charmap.ISO8859_14
	case "iso885915":
		return charmap.ISO8859_15
	case "iso885916":
		return charmap.ISO8859_16
	case "koi8r":
		return charmap.KOI8R
	case "koi8u":
		return charmap.KOI8U
	case "macintosh":
		return charmap.Macintosh
	case "windows874":
		return charmap.Windows874
	case "windows1250":
		return charmap.Windows1250
	case "windows1251":
		return charmap.Windows1251
	case "windows1252":
		return charmap.Windows1252
	case "windows1253":
		return charmap.Windows1253
	case "windows1254":
		return charmap.Windows1254
	case "windows1255":
		return charmap.Windows1255
	case "windows1256":
		return charmap.Windows1256
	case "windows1257":
		return charmap.Windows1257
	case "windows1258":
		return charmap.Windows1258
	case "xmaccyrillic":
		return charmap.MacintoshCyrillic
	case "gbk":
		return simplifiedchinese.GBK
	case "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	case "eucjp":
		return japanese.EUCJP
	case "iso2022jp":
		return japanese.ISO2022JP
	case "shiftjis":
		return japanese.ShiftJIS
	case "euckr":
		return korean.EUCKR
	}
	return nil
}
