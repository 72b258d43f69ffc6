#!/usr/bin/env python3
"""Workbooks and what pandas 3.1.1 with openpyxl 3.1.5 and dtype=str reads from each of their sheets. pandas 2.3.3 reads the same but
for TRUE and FALSE in a column that has the numbers 1 and 0 before them, which it writes as 1 and 0.

workbook_cells.xlsx has a cell of every kind, written by hand (workbook_cells.py); workbook_1904.xlsx the same cells in the other
date system and with prefixed names; workbook_strict.xlsx in the strict namespaces, which openpyxl does not read: its answers are
those of workbook_cells.xlsx. workbook_clinical.xlsx and workbook_slides.xlsx are what people have, made by openpyxl;
workbook_libreoffice.xlsx is the first of them, opened and saved by LibreOffice 7.4 (`workbooks.py FOLDER --libreoffice` makes it
again; otherwise the committed one is read).
Usage: workbooks.py FOLDER [--libreoffice]
"""
import datetime
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile

import openpyxl
import pandas
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.formula import ArrayFormula

import workbook_cells as cells

HERE = pathlib.Path(__file__).parent
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main", RELATIONS: "http://purl.oclc.org/ooxml/officeDocument/relationships"}
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def part(root, content, prefix=""):
    if prefix:  # every name of the part with it
        out, rest = "", content
        while "<" in rest:
            before, rest = rest.split("<", 1)
            if rest.startswith("!["):
                raw, rest = rest.split("]]>", 1)
                out += before + "<" + raw + "]]>"
                continue
            out += before + ("</" + prefix + rest[1:] if rest[0] == "/" else "<" + prefix + rest).split(">", 1)[0]
            rest = ">" + rest.split(">", 1)[1]
        content = out + rest
    name = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    return f'{HEAD}<{prefix}{root} {name}="{MAIN}" xmlns:r="{RELATIONS}">{content}</{prefix}{root}>'


def by_hand(path, sheets, date1904=False, prefix="", strict=False):
    """sheets: (name, state, content); content None is a chart sheet."""
    kinds = ["chartsheet" if content is None else "worksheet" for _, _, content in sheets]
    listed = "".join(f'<sheet name="{name}" sheetId="{i}" state="{state}" r:id="rId{i}"/>' for i, (name, state, _) in enumerate(sheets, 1))
    related = "".join(f'<Relationship Id="rId{i}" Type="{RELATIONS}/{kind}" Target="/xl/{kind}s/sheet{i}.xml"/>' for i, kind in enumerate(kinds, 1))
    for name, i in (("sharedStrings", 98), ("styles", 99)):
        related += f'<Relationship Id="rId{i}" Type="{RELATIONS}/{name}" Target="{name}.xml"/>'
    package = "http://schemas.openxmlformats.org/package/2006/"
    types = "".join(f'<Override PartName="/xl/{kind}s/sheet{i}.xml" ContentType="{TYPE}{kind}+xml"/>' for i, kind in enumerate(kinds, 1))
    codes = "".join(f'<numFmt numFmtId="{200 + i}" formatCode="{code.replace(chr(34), "&quot;").replace("<", "&lt;")}"/>'
                    for i, code in enumerate(cells.FORMATS.values()))
    xfs = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{200 + i}"/>' for i in range(len(cells.FORMATS)))
    xfs += "".join(f'<xf numFmtId="{i}"/>' for i in cells.BUILTIN)
    parts = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{package}content-types"><Default Extension="rels" ContentType="{TYPE}rels"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}sheet.main+xml"/>{types}'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}sharedStrings+xml"/></Types>',
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{package}relationships"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": part("workbook", f'<workbookPr date1904="{int(date1904)}"/><sheets>{listed}</sheets>', prefix),
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{package}relationships">{related}</Relationships>',
        "xl/sharedStrings.xml": part("sst", "".join(f"<si>{s}</si>" for s in cells.STRINGS), prefix),
        "xl/styles.xml": part("styleSheet", f"<numFmts>{codes}</numFmts><fonts/><fills/><borders/><cellXfs>{xfs}</cellXfs>", prefix),
    }
    for i, (kind, (_, _, content)) in enumerate(zip(kinds, sheets), 1):
        parts[f"xl/{kind}s/sheet{i}.xml"] = part(kind, content or "", prefix)
        if content is None:  # openpyxl expects it
            parts[f"xl/{kind}s/_rels/sheet{i}.xml.rels"] = f'{HEAD}<Relationships xmlns="{package}relationships"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            for transitional, strictly in STRICT.items() if strict else ():
                content = content.replace(transitional, strictly)
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content.encode(), zipfile.ZIP_DEFLATED)


def clinical(path):
    """A clinical table as a study nurse keeps it: numbers as patient names in part, dates, remarks, formulas, a legend."""
    rng, book = random.Random(19), openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Clinical data 2024"
    names = ["PATIENT", "Sex", "Birth", "Surgery", "Age", "isMSIH", "Leukocyte\nFraction", "ITH", "Stage", "Remark", "Follow-up", "Follow-up", "Consent", "Operation time"]
    sheet.append(names)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", "FFDDEEFF")
    for i in range(60):
        birth = datetime.date(1930 + rng.randrange(60), 1 + rng.randrange(12), 1 + rng.randrange(28))
        surgery = datetime.datetime(2015, 1, 1, 8) + datetime.timedelta(days=rng.randrange(2000), minutes=15 * rng.randrange(30))
        row = [1001 + i if i % 3 else f"TCGA-A6-{2671 + i}", rng.choice("FM"), birth, surgery, f'=DATEDIF(C{i + 2},D{i + 2},"Y")', rng.choice(["MSIH", "nonMSIH", "nonMSIH", None]),
               round(rng.random(), 4) if i % 7 else "0,53", rng.random() if i % 11 else "n/a", rng.choice(["I", "II", "III", "IV", 4]),
               rng.choice([None, "siehe Akte", " recurrence 2019 ", "see \"letter\", p. 3", "ßäöü 課"]), rng.randrange(2000), datetime.timedelta(days=rng.randrange(90), hours=3),
               rng.random() < 0.9, datetime.time(rng.randrange(8, 16), rng.randrange(60))]
        sheet.append(row)
    sheet["H5"] = "#N/A"
    sheet["J9"] = ArrayFormula("J9:J9", "=SUM(H2:H4)")
    for row in sheet.iter_rows(min_row=2, min_col=12, max_col=12):
        row[0].number_format = "[h]:mm"
    sheet.merge_cells("J20:J22")
    sheet.freeze_panes, sheet.auto_filter.ref = "B2", "A1:N61"
    legend = book.create_sheet("Legend")
    legend.append(["column", "meaning"])
    legend.append(["isMSIH", "by PCR"])
    book.create_sheet("old").sheet_state = "hidden"
    book["old"].append(["PATIENT", "isMSIH"])
    book["old"].append([1, "?"])
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=8, min_row=1, max_row=9))
    book.create_chartsheet("Chart", 0).add_chart(chart)
    book.save(path)


def slides(path):
    rng, book = random.Random(20), openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("slide table")
    sheet.append(["FILENAME", "PATIENT", "scanner", "mpp", "scanned"])
    for i in range(80):
        sheet.append([f"{1001 + i // 2}_{i % 2}.h5", 1001 + i // 2, rng.choice(["Aperio", "3DHISTECH", None]), rng.choice([0.25, 0.5, 0.2525, 1]),
                      datetime.datetime(2020, 5, 17, 12, 30, 15, 500000) + datetime.timedelta(days=i)])
    book.save(path)


def libreoffice(source, path):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
                        "--outdir", folder, source], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(pathlib.Path(folder) / source.name, path)


def as_read(path, sheet):
    frame = pandas.read_excel(path, sheet_name=sheet, dtype=str, engine="openpyxl")
    rows = [[None if pandas.isna(v) else v for v in row] for row in frame.itertuples(index=False, name=None)]
    # Rows without anything are left out by our reader. The header is row 1.
    blank = [i for i, row in enumerate(rows) if all(v is None for v in row)]
    return {"columns": [str(c) for c in frame.columns], "rows": [[i + 2, row] for i, row in enumerate(rows) if i not in blank]}


def main():
    warnings.simplefilter("ignore")  # of openpyxl, about styles and dates
    folder = pathlib.Path(sys.argv[1])
    sheets = [("Kinds", "visible", cells.kinds_sheet()), ("Chart", "visible", None), ("Lay out #1", "visible", cells.LAYOUT), ("Hidden", "hidden", cells.LAYOUT)]
    by_hand(folder / "workbook_cells.xlsx", sheets)
    by_hand(folder / "workbook_1904.xlsx", sheets[1:2] + sheets[:1], date1904=True, prefix="x:")
    by_hand(folder / "workbook_strict.xlsx", sheets[:1], strict=True)
    clinical(folder / "workbook_clinical.xlsx")
    slides(folder / "workbook_slides.xlsx")
    if "--libreoffice" in sys.argv:
        libreoffice(folder / "workbook_clinical.xlsx", folder / "workbook_libreoffice.xlsx")
    else:
        shutil.copy(HERE / "fixtures" / "workbook_libreoffice.xlsx", folder)
    answers = []
    for file in ("workbook_cells.xlsx", "workbook_1904.xlsx", "workbook_clinical.xlsx", "workbook_slides.xlsx", "workbook_libreoffice.xlsx"):
        with pandas.ExcelFile(folder / file, engine="openpyxl") as book:
            for name in book.sheet_names:
                answers.append({"file": file, "sheet": name, **as_read(folder / file, name)})
    answers.append({**answers[0], "file": "workbook_strict.xlsx"})
    (folder / "workbooks.json").write_text(json.dumps(answers, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
