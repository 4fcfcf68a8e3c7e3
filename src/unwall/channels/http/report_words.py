"""The reasons of reports and decisions in words, for who reports and for moderators."""

from unwall.content.moderation.values import ReportReason
from unwall.kernel.text import N_

REASONS = {
    ReportReason.SPAM: N_("Spam or advertising"),
    ReportReason.SCAM: N_("Fraud"),
    ReportReason.FALSE: N_("False or misleading"),
    ReportReason.COUNTERFEIT: N_("Counterfeit goods"),
    ReportReason.RIGHTS: N_("Uses pictures or words of others"),
    ReportReason.HATE: N_("Hate"),
    ReportReason.HARASSMENT: N_("Harassment"),
    ReportReason.VIOLENCE: N_("Violence"),
    ReportReason.SEXUAL: N_("Sexual content"),
    ReportReason.PRIVACY: N_("Private information"),
    ReportReason.OTHER: N_("Something else"),
}
