"""Pages as a browser reads them: parsed, so that no test depends on how a template writes its tags."""

from selectolax.lexbor import LexborHTMLParser, LexborNode


def parsed(page: str) -> LexborHTMLParser:
    return LexborHTMLParser(page)


def the(page: str | LexborNode, selector: str) -> LexborNode:
    """The one element that the CSS selector names."""
    [found] = every(page, selector)
    return found


def every(page: str | LexborNode, selector: str) -> list[LexborNode]:
    return (parsed(page) if isinstance(page, str) else page).css(selector)


def words(node: LexborNode) -> str:
    """What can be read in it, with single spaces."""
    return " ".join(node.text(separator=" ").split())


def texts(page: str | LexborNode, selector: str) -> list[str]:
    """What can be read in each element that the selector names."""
    return [words(node) for node in every(page, selector)]


def values(page: str | LexborNode, selector: str, attribute: str) -> list[str]:
    """The attribute of each element that the selector names; empty where it has none."""
    return [node.attributes.get(attribute) or "" for node in every(page, selector)]


def html_text(html: str) -> str:
    """What can be read in a piece of HTML, with every space."""
    body = parsed(html).body
    return body.text() if body else ""


def row_of(page: str, heading: str) -> list[str]:
    """The cells of the one table row with this heading."""
    [row] = [row for row in every(page, "tr:has(th[scope=row])") if texts(row, "th") == [heading]]
    return texts(row, "td")


# --- forms ------------------------------------------------------------------------------------------------------------


def form_with(page: str, marker: str) -> LexborNode:
    """The first form whose HTML holds the marker."""
    return next(form for form in every(page, "form") if marker in (form.html or ""))


def fields(form: LexborNode, of: str = "input[name], textarea[name], select[name]") -> dict[str, str]:
    """The fields of a form as a browser would send them back, without the token that every form has."""
    found: dict[str, str] = {}
    for field in form.css(of):
        value = _value(field)
        if value is not None:
            found[field.attributes["name"] or ""] = value
    found.pop("_csrf_token", None)
    return found


def _value(field: LexborNode) -> str | None:
    """None where the browser would send nothing."""
    facts = field.attributes
    if field.tag == "textarea":
        return field.text().removeprefix("\n")
    if field.tag == "select":
        options = field.css("option")
        chosen = next((option for option in options if "selected" in option.attributes), None) or options[0]
        return chosen.attributes.get("value") or ""
    kind = facts.get("type") or "text"
    if kind == "file" or (kind in ("checkbox", "radio") and "checked" not in facts):
        return None
    return facts.get("value") or ("on" if kind in ("checkbox", "radio") else "")


# --- what no page may have --------------------------------------------------------------------------------------------


def inline_code(page: str) -> list[str]:
    """Styles and scripts within a page, which its content security policy would refuse; data for search engines is no
    script."""
    data = "[type='application/ld+json']"
    found = [node.tag or "" for node in every(page, f"style, script:not([src]):not({data}), [style]")]
    for node in every(page, "*"):
        found += [name for name in node.attributes if name.startswith("on")]
        found += [value for value in node.attributes.values() if (value or "").strip().startswith("javascript:")]
    return found


def repeated_ids(page: str) -> set[str]:
    ids = values(page, "[id]", "id")
    return {one for one in ids if ids.count(one) > 1}
