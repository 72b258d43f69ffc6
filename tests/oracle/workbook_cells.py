"""Cells of every kind that a workbook can hold, as XML written by hand: pandas' answers come from workbooks.py."""

# Number formats of cells: name in KINDS to code; builtin formats have no code of their own.
FORMATS = {
    "iso": "yyyy\\-mm\\-dd", "german": "dd.mm.yyyy", "locale": "[$-407]d. mmmm yyyy", "minutes": "hh:mm:ss.000",
    "quoted": '0.00 "days"', "quoted h": '0 "h"', "red": "[Red]0.0;[Blue]-0.0", "second section": "0.0;d", "escaped": "\\d0",
    "padded": "_d0", "quoted date": '"on "d/m/yy', "condition": "[<=9999]000;General", "hours": "[h]:mm", "two hours": "[hh]:mm:ss",
    "minutes alone": "[mm]:ss", "seconds": "[ss].00", "capitals": "[H]:MM:SS", "capital date": "DD/MM/YY", "percent": "0.00%",
    "currency": '#,##0.00\\ "EUR"', "am": "h:mm\\ AM/PM", "year": "yyyy", "grouped": "#,##0", "text": "@", "era": "[$-409]mmm\\-yy;@",
}
BUILTIN = [14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47, 9, 10, 11, 12, 49]
STYLES = ["general", *FORMATS, *(f"builtin {i}" for i in BUILTIN)]

STRINGS = [
    "<t>abc</t>", '<t xml:space="preserve"> two spaces  </t>', '<t xml:space="preserve">   </t>', "<t>unmarked end </t>",
    "<t>line\none</t>", "<t>&#10;tab&#9;tab</t>", "<t>a &amp; b &lt; c &quot;d&quot;</t>", "<t><![CDATA[<raw> & more]]></t>", "<t/>", "<t></t>", "",
    '<r><t>rich </t></r><r><rPr><b/><sz val="11"/></rPr><t xml:space="preserve"> and bold</t></r>',
    '<t>課きく</t><rPh sb="0" eb="1"><t>カ</t></rPh><rPh sb="1" eb="2"><t>キ</t></rPh><phoneticPr fontId="1"/>',
    '<r><t>東</t></r><r><t>京</t></r><rPh sb="0" eb="2"><t>トウキョウ</t></rPh>',
    "<t>Zoë 😀 \u00a0nbsp</t>", "<t>_x000D_</t>", "<t>_x005F_x000D_</t>", "<t>line_x000D_\nend</t>", "<t>x005F_</t>", "<t>007</t>", "<t>1e5</t>",
    "<t>TRUE</t>", "<t>0,53</t>", "<t>#N/A</t>", "<t>NA</t>", "<t>N/A</t>", "<t>nan</t>", "<t>None</t>", "<t>null</t>", "<t>-NaN</t>", "<t>&lt;NA&gt;</t>",
    "<t>[Not Available]</t>", "<t>na</t>", "<t>'0.5</t>", "<t>=1+1</t>", "<t>2020-01-02</t>", "<t>" + "long " * 400 + "</t>", "<t>a\rb</t>", "<t>a&#13;b</t>",
]
NUMBERS = """0 -0 -0.0 0.0 1 -1 1.0 1.50 0.1 0.30000000000000004 1E-5 1e-05 0.0001 0.00001234 1E15 1E16 1e17 9007199254740993 9007199254740992.0
123456789012345678 12345678901234567890 1E22 1e23 1.0E+3 1E300 1.7976931348623157E+308 5E-324 2.2250738585072014E-308 -1.25 99.99 3.1415926535897931 2.9999999999999999
0.70710678118654757 123456.789 1234567890.1234567 4.35 0.1E1 007 1. .5""".split()
INLINE = ["<is><t>inline</t></is>", '<is><t xml:space="preserve"> in </t></is>', "<is><r><t>in</t></r><r><rPr><i/></rPr><t>line</t></r></is>",
          '<is><t>漢</t><rPh sb="0" eb="1"><t>カン</t></rPh></is>', "<is><t></t></is>", "<is/>", "", "<is><t>_x005F_x000D_ x005F_</t></is>", "<is><t>NA</t></is>",
          "<v>5</v><is><t>both</t></is>"]
DATED = {
    "iso": "43831 43831.5 43831.999999 43831.123456789 0 0.5 0.25 0.999999999 0.9999999999 1 1.5 58 59 59.9 60 60.5 61 62 367 -1 -0.25 2958465 2958465.5 2958466 1E10 "
           "-693593 -693594 -700000 36526.0000057 44197.000011574",
    "builtin 14": "43831 40000.75", "builtin 15": "2", "builtin 16": "43831", "builtin 17": "43831", "builtin 18": "0.75", "builtin 19": "0.7512345", "builtin 20": "43831.1",
    "builtin 21": "0.0006944444", "builtin 22": "44562.7084", "builtin 45": "0.5", "builtin 46": "1.25 0 -1.5", "builtin 47": "0.51",
    "german": "44000", "locale": "44000", "minutes": "44000.123456", "quoted date": "44000", "capital date": "44000", "am": "0.3", "year": "44000", "era": "44000",
    "hours": "0 0.5 1 1.5 2.75 -0.25 -1 -1.5 26.000001 0.000000011574 0.00000000578703704 1000 1E10 0.0000115740741 0.33333333333333331",
    "two hours": "1.75", "minutes alone": "0.0104166667", "seconds": "0.00074", "capitals": "1.5",
    "quoted": "7 7.5", "quoted h": "3", "red": "1.5", "second section": "43831", "escaped": "3", "padded": "4", "condition": "43", "percent": "0.25", "currency": "12.5",
    "grouped": "1234567", "text": "42", "builtin 9": "0.1", "builtin 10": "0.5", "builtin 11": "12345.678", "builtin 12": "0.5", "builtin 49": "42",
}
OTHERS = [
    ('t="b"', "<v>1</v>"), ('t="b"', "<v>0</v>"), *((f't="e"', f"<v>{e}</v>") for e in
    "#N/A #DIV/0! #VALUE! #REF! #NAME? #NUM! #NULL! #GETTING_DATA #SPILL!".split()),
    ("", "<f>1+1</f><v>2</v>"), ("", "<f>1/3</f><v>0.33333333333333331</v>"), ('t="str"', '<f>"a"&amp;"b"</f><v>ab</v>'), ('t="str"', "<f>A1</f><v>NA</v>"),
    ('t="b"', "<f>1=1</f><v>1</v>"), ('t="e"', "<f>1/0</f><v>#DIV/0!</v>"), ('t="str"', '<f>""</f><v></v>'), ('t="str"', '<f>""</f><v/>'), ("", "<f>B9</f>"),
    ("", "<f>B9</f><v></v>"), ("", '<f t="array" ref="B2:B2">SUM(A1:A2)</f><v>7</v>'), ("", '<f t="shared" ref="B2:B3" si="0">A1*2</f><v>8.25</v>'),
    ("", '<f t="shared" si="0"/><v>9</v>'), ('s="1"', "<f>TODAY()</f><v>45000</v>"), ('t="str"', '<f>"  x "</f><v>  x </v>'),
    ('t="d"', "<v>2020-01-02</v>"), ('t="d"', "<v>2020-01-02T03:04:05</v>"), ('t="d"', "<v>2020-01-02T03:04:05.678Z</v>"), ('t="d"', "<v>12:30</v>"),
    ('t="d"', "<v>12:30:15.5</v>"), ('t="d"', "<v>PT1H2M3S</v>"), ('t="d"', "<v>PT30H</v>"), ("", ""), ('s="1"', ""), ("", "<v></v>"), ('t="s"', "<v></v>"), ('t="n"', "<v>3</v>"),
    ('t="str"', "<v>no formula</v>"), ('t="str"', "<v>5</v>"), ('s="1" t="str"', "<v>dated text</v>"), ("", "<v> 7 </v>"),
]


def kinds():
    """(attributes, content) of every kind of cell."""
    cells = [('t="s"', f"<v>{i}</v>") for i in range(len(STRINGS))]
    cells += [("", f"<v>{n}</v>") for n in NUMBERS] + [('t="inlineStr"', i) for i in INLINE]
    cells += [(f's="{STYLES.index(style)}"', f"<v>{n}</v>") for style, ns in DATED.items() for n in ns.split()]
    return cells + OTHERS


def kinds_sheet():
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c><c r="B{i}" {attributes}>{content}</c></row>'
                   for i, (attributes, content) in enumerate(kinds(), 2))
    return ('<dimension ref="A1:B2"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
            f'<c r="B1" t="inlineStr"><is><t>value</t></is></c></row>{rows}</sheetData>')


def text(t):
    return f't="inlineStr"><is><t>{t}</t></is></c>'


# Names: numbers, a date, a truth value, twice, none, an error, with a break; rows with gaps, cells and rows without names,
# styled blanks at the end, a value beyond the header, merged cells.
LAYOUT = (
    '<dimension ref="A1"/><cols><col min="1" max="3" width="9"/></cols><sheetData>'
    f'<row r="1" spans="1:9"><c r="A1" {text("PATIENT")}<c r="B1"><v>2020</v></c><c r="C1"><v>1.5</v></c><c r="D1" s="1"><v>43831</v></c><c r="E1" t="b"><v>1</v></c>'
    f'<c r="F1" {text("x")}<c r="H1" {text("x")}<c r="I1" {text("two&#10;lines")}<c r="J1" {text("x")}</row>'
    f'<row r="3"><c r="B3"><v>5</v></c><c r="I3"><v>6</v></c></row><row><c {text("P2")}<c><v>1.25</v></c><c/><c t="b"><v>0</v></c></row>'
    f'<row r="7"><c r="A7" {text("P3")}<c r="B7" t="e"><v>#N/A</v></c><c r="C7" s="1"/><c r="D7" s="1"/></row><row r="8"><c r="A8" s="1"/><c r="B8" s="1"/></row>'
    f'<row r="9"><c r="A9" {text("P4")}<c r="L9"><v>9</v></c></row><row r="12"><c r="A12" {text("P5")}<c r="B12"><v>3</v></c></row><row r="40"><c r="P40" s="1"/></row>'
    '</sheetData><mergeCells count="2"><mergeCell ref="A3:A4"/><mergeCell ref="F7:H7"/></mergeCells>')
