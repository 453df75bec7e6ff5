"""What the tenant's admin must run and set for a configuration: PowerShell for each upstream, and DNS. Pure text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from conf.model import ClientAuth, Config, DirectSend, HighVolume, Maildir, Relay, Submission
from gateway.operate.dns import Published
from gateway.operate.powershell import comment, prose
from gateway.operate.spf import merge_spf, strings
from gateway.operate.tenant_client_auth import CLIENT_ID, HIGH_VOLUME_HOST, ClientAuthFacts, Login, client_auth
from gateway.operate.tenant_port_25 import DirectSendFacts, RelayFacts, direct_send, relay
from gateway.operate.tenant_step import Section, Step

Method = Literal["client-auth", "high-volume", "direct-send", "relay"]
METHODS: Final[tuple[Method, ...]] = ("client-auth", "high-volume", "direct-send", "relay")
NO_IP: Final = "<public IP of this site>"
_NO_HOST: Final = "<the tenant's MX endpoint>"
_MICROSOFT_ENDS: Final = (".mail.protection.outlook.com", ".mx.microsoft")


@dataclass(frozen=True, slots=True)
class Known:
    """What the configuration does not say.

    ``certificates``: by upstream, the names of the certificate it shows. ``published``: by domain, what DNS answered;
    nothing of a domain that was not asked for.
    """

    public_ip: str = NO_IP
    certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    published: Mapping[str, Published] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """The TXT record a domain should publish; ``was`` are the SPF records it publishes now."""

    domain: str
    value: str
    was: tuple[str, ...]
    is_as_published: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it, in the order of the configuration."""

    sections: tuple[Section, ...]
    records: tuple[Record, ...]
    warnings: tuple[str, ...]


def domains_of(config: Config, method: Method | None = None) -> tuple[str, ...]:
    """Return the domains to ask DNS about: the sender's first."""
    asked = [_sender_domain(config)]
    for upstream in config.upstream:
        if isinstance(upstream, DirectSend) and method is None:
            asked += upstream.domains
    return tuple(dict.fromkeys(asked))


def plan(config: Config, known: Known, method: Method | None = None) -> Plan:
    """Return what has to be done for every upstream, or for one of this method that could be configured."""
    if method is None:
        made = [_section(config, upstream, known) for upstream in config.upstream if not isinstance(upstream, Maildir)]
        port_25 = [upstream for upstream in config.upstream if isinstance(upstream, DirectSend | Relay)]
        warnings = [sentence for upstream in port_25 for sentence in _mail_hosts(config, upstream, known)]
        is_port_25 = bool(port_25)
    else:
        made = [_section_for(config, method, known)]
        warnings, is_port_25 = [], method in {"direct-send", "relay"}
    if is_port_25 and known.public_ip == NO_IP:
        warnings.append("The public IP is not known: give it with --public-ip, or put it in where the text says so.")
    record = _record(_sender_domain(config), known, known.public_ip if is_port_25 else None)
    return Plan(tuple(made), (record,) if made else (), tuple(dict.fromkeys(warnings)))


def _sender_domain(config: Config) -> str:
    return config.sender.address.rpartition("@")[2].lower()


def _section(config: Config, upstream: Submission | DirectSend | Relay, known: Known) -> Section:
    match upstream:
        case ClientAuth() | HighVolume():
            logins: dict[str, Login] = {"oauth-app": "application", "password": "password"}
            return client_auth(
                ClientAuthFacts(
                    name=upstream.name,
                    host=upstream.host,
                    mailbox=upstream.username,
                    sender=config.sender.address,
                    login=logins.get(upstream.auth, "person"),
                    client_id=upstream.client_id or CLIENT_ID,
                    tenant=upstream.tenant or "",
                    is_high_volume=isinstance(upstream, HighVolume),
                )
            )
        case DirectSend():
            facts = (upstream.name, upstream.host, upstream.domains, _sender_domain(config), known.public_ip)
            return direct_send(DirectSendFacts(*facts))
        case Relay():
            names = known.certificates.get(upstream.name, ()) if upstream.certificate_file else None
            return relay(RelayFacts(upstream.name, upstream.host, _sender_domain(config), known.public_ip, names))


def _section_for(config: Config, method: Method, known: Known) -> Section:
    """Return the steps for an upstream that could be configured; where nothing is known a word in <> stands for it."""
    sender, domain = config.sender.address, _sender_domain(config)
    match method:
        case "client-auth":
            return client_auth(ClientAuthFacts(method, "smtp.office365.com", sender, sender, "application"))
        case "high-volume":
            asked = ClientAuthFacts(method, HIGH_VOLUME_HOST, sender, sender, "application", is_high_volume=True)
            return client_auth(asked)
        case "direct-send":
            return direct_send(DirectSendFacts(method, _NO_HOST, (domain,), domain, known.public_ip))
        case "relay":
            return relay(RelayFacts(method, _NO_HOST, domain, known.public_ip))


def _record(domain: str, known: Known, ip: str | None) -> Record:
    found = known.published.get(domain)
    texts = found.texts if found else ()
    merged = merge_spf(texts, ip)
    remarks = list(merged.remarks)
    if found is None:
        remarks.append(
            "What the domain publishes now was not looked up: keep what stands there, and add what is missing."
        )
    elif found.fault:
        remarks.append(f"{found.fault}: keep what stands there, and add what is missing.")
    was = tuple(text for text in texts if text.lower().startswith("v=spf1"))
    return Record(domain, merged.record, was, merged.is_as_published and found is not None, tuple(remarks))


def _mail_hosts(config: Config, upstream: DirectSend | Relay, known: Known) -> list[str]:
    """Return what does not fit between an upstream's host and the MX of the domains that are its."""
    host = upstream.host.lower().rstrip(".")
    domains = upstream.domains if isinstance(upstream, DirectSend) else (_sender_domain(config),)
    said: list[str] = []
    if not host.endswith(_MICROSOFT_ENDS):
        said.append(
            f"{upstream.name}: {host} is no name of a tenant's MX endpoint (….mail.protection.outlook.com,"
            " ….mx.microsoft):"
            " the Microsoft 365 admin center shows it below Settings, Domains."
        )
    for domain in domains:
        found = known.published.get(domain)
        if found is None or not found.mail_hosts or host in found.mail_hosts:
            continue
        shown = ", ".join(found.mail_hosts)
        if any(one.endswith(_MICROSOFT_ENDS) for one in found.mail_hosts):
            said.append(f"{upstream.name}: the MX of {domain} is {shown}, the configuration says {host}: take the MX.")
        else:
            said.append(
                f"{upstream.name}: the MX of {domain} is {shown}, a filter before Exchange. {host} has to stay"
                " the tenant's"
                " own endpoint, and the tenant has to take mail beside the filter."
            )
    return said


def as_script(plan: Plan) -> str:
    """Return it as a PowerShell file: the sentences are comments, and so is DNS."""
    lines = ["# What scangate needs of the tenant. Read each step, then run its lines; nothing here is secret.", ""]
    for warning in plan.warnings:
        lines += [*prose(f"WARNING: {warning}"), ""]
    for section in plan.sections:
        lines += [comment(f"==== {section.title} ===="), ""]
        for number, step in enumerate(section.steps, start=1):
            lines += [*prose(f"{number}. {step.what}"), *step.commands, ""]
    for record in plan.records:
        lines += _record_lines(record)
    return "\n".join(lines).rstrip() + "\n"


def _record_lines(record: Record) -> list[str]:
    lines = [comment(f"==== DNS: SPF of {record.domain} ===="), *(comment(f"now:   {text}") for text in record.was)]
    if record.is_as_published:
        lines.append(comment("It may stay as it is."))
    else:
        value = " ".join(f'"{part}"' for part in strings(record.value))
        lines.append(comment(f"to be: {record.domain}. IN TXT {value}"))
    return [*lines, *(line for remark in record.remarks for line in prose(remark)), ""]


def as_json(plan: Plan) -> dict[str, Any]:
    """Return it as a tree for a program."""
    return {
        "upstreams": [
            {"title": section.title, "steps": [_step(step) for step in section.steps]} for section in plan.sections
        ],
        "dns": [
            {
                "domain": record.domain,
                "type": "TXT",
                "value": record.value,
                "strings": list(strings(record.value)),
                "published": list(record.was),
                "change": not record.is_as_published,
                "remarks": list(record.remarks),
            }
            for record in plan.records
        ],
        "warnings": list(plan.warnings),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"what": step.what, "commands": list(step.commands), "check": step.is_check}


def names_wanted(config: Config) -> Sequence[Relay]:
    """Return the upstreams whose certificate has to be read for its names."""
    return [upstream for upstream in config.upstream if isinstance(upstream, Relay) and upstream.certificate_file]
