"""The words of an auditor's verdict."""

MET, PARTLY, NOT_MET, NOT_APPLICABLE, NOT_ASSESSED = "met", "partly met", "not met", "not applicable", "not assessed"

#: Verdicts from worst to best; the others have no place in this order.
ORDERED = (NOT_MET, PARTLY, MET)
