"""Pages on which a payment gateway's own script reads the card or asks to confirm a payment."""

from litestar import Response

from unwall.channels.http.content_policy import CSP
from unwall.commerce.payments.gateway import CardForm


def letting_in(answer: Response[str], form: CardForm | None) -> Response[str]:
    """This page alone may run the gateway's script, show its frames and reach its servers."""
    if form is not None:
        hosts = " ".join(form.hosts)
        policy = f"{CSP}; script-src 'self' {hosts}; frame-src {hosts}; connect-src 'self' {hosts}"
        answer.headers["content-security-policy"] = policy
    return answer
