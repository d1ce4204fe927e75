"""Small files as phones and trackers write them."""

import io
import zipfile

# As iOS 16 wrote it, with the ends of two declarations missing: no XML parser takes it as it stands.
DOCTYPE = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|VisionPrescription)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ATTLIST VisionPrescription
  type             CDATA #REQUIRED
<!ELEMENT RightEye EMPTY>
]>
"""


def record(source, start, end, steps, *, day="2026-01-05", zone="+0100", kind="StepCount", inside=""):
    """One record; times are of the day, or whole moments."""
    start, end = (moment if "-" in moment else f"{day} {moment} {zone}" for moment in (start, end))
    return (
        f' <Record type="HKQuantityTypeIdentifier{kind}" sourceName="{source}" sourceVersion="9.1" '
        f'device="&lt;&lt;HKDevice: 0x1&gt;, name:{source}&gt;" unit="count" creationDate="{end}" '
        f'startDate="{start}" endDate="{end}" value="{steps}"'
        + (f">{inside}</Record>\n" if inside else "/>\n")
    )


def export(*records, doctype=DOCTYPE, made="2026-01-07 12:00:00 +0100"):
    """A whole ``export.xml`` as bytes."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<HealthData locale="de_AT">\n'
    me = (
        f' <ExportDate value="{made}"/>\n <Me HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet"/>\n'
    )
    return (head + me + "".join(records) + "</HealthData>\n").encode()


def archive(**members):
    """A ZIP file; names are given with ``/`` and ``.`` as they are."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return data.getvalue()
