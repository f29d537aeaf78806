"""A plan and a report with every kind of thing in them, and text of one's choice in every account-given place."""

from opsctl.block.decision import Decision, Point
from opsctl.model.changes import Risk, Severity
from opsctl.model.dossier import Dossier, Sighting, SourceReport
from opsctl.model.paths import Graph, GraphEdge, GraphNode, LayerVerdict, WayIn
from opsctl.model.plan import Finding, Plan, Section
from opsctl.model.report import ChangeResult, CheckResult, Evidence, Report
from tests.kit.box_plans import add_item, irreversible, make_box, plan_of


def sample_decision(text: str = "shop-alb") -> Decision:
    """A small decision."""
    nodes = (
        GraphNode(id="internet", kind="internet", label="internet", client="source"),
        GraphNode(id="d", kind="distribution", label=f"distribution {text}", client="source", gates=(text,)),
        GraphNode(id="alb", kind="alb", label=text, client="header", unknown=(text,)),
    )
    edges = (
        GraphEdge(source="internet", target="d"),
        GraphEdge(source="d", target="alb", label=text),
        GraphEdge(source="internet", target="alb"),
    )
    verdict = LayerVerdict(layer="waf", at=text, chosen=True, reason=f"the client is visible at {text}")
    way = WayIn(
        name=f"internet > {text}",
        hops=("internet", "alb"),
        dropped=False,
        verdict=f"passes to {text}",
        closable=True,
        layers=(verdict, verdict.model_copy(update={"layer": "nacl", "chosen": False})),
        unknown=(text,),
    )
    point = Point(
        layer="waf", id="", resource=text, resource_kind="alb", name=text, region="us-east-1", reason=text, ways=()
    )
    return Decision(
        target=text,
        kind="alb",
        graph=Graph(target=text, nodes=nodes, edges=edges),
        ways=(way,),
        points=(point,),
        recommendations=(f"put CloudFront in front of {text}",),
    )


def sample_dossier(text: str = "shop-alb") -> Dossier:
    """What is known of an address: something found, and something that nobody looked at."""
    told = SourceReport(
        source=f"source-{text}",
        title=text,
        matter="whose",
        address="203.0.113.9/32",
        found=(Sighting(says=f"belongs to {text}", telling=90),),
    )
    refused = SourceReport(
        source=f"log-{text}", title=text, matter="did", looked="no", why=f"denied at {text}", todo=f"allow {text}"
    )
    return Dossier(
        addresses=("203.0.113.9/32",),
        reports=(told, refused),
        left_out=f"more of {text}",
        target=text,
        account=text,
        again=("who", "203.0.113.9", "--target", text),
    )


def closed_decision(text: str = "shop-alb") -> Decision:
    """The same when its one way is closed, and another one has come."""
    before = sample_decision(text)
    closed = before.ways[0].model_copy(update={"dropped": True, "verdict": f"dropped by {text}"})
    return before.model_copy(update={"ways": (closed, before.ways[0].model_copy(update={"name": "another way"}))})


def sample_plan(text: str = "shop-alb") -> Plan:
    """A plan of three changes, one severe and owned, one irreversible, with a warning and an overridden guard."""
    severe = make_box(text, "severe").model_copy(
        update={
            "title": f"Refuse {text}",
            "why": f"because of {text}",
            "risk": Risk(
                severity=Severity.SEVERE, affects=tuple(f"{text} {n}" for n in range(9)), owner=text, note=text
            ),
        }
    )
    plan = plan_of(severe, add_item(text, "box"), irreversible(make_box("last", "last")))
    return plan.model_copy(
        update={
            "title": f"Block at {text}",
            "account_alias": text,
            "configuration": ("/home/responder/config.yaml", f"/srv/{text}/opsctl.yaml (of this directory)"),
            "confirm": text,
            "paths": sample_decision(text).model_dump(mode="json"),
            "warnings": (
                Finding(id="stays-open", because=f"{text} stays open", evidence=(text,)),
                Finding(id="private", because="private", evidence=(text,), overridden=True),
                Finding(id="root-disk", because=f"{text} is lost", evidence=(text,), pending=True),
            ),
            "sections": (Section(title=f"Checks of {text}", columns=("check", text), rows=(("first", text),)),),
            "evidence": sample_dossier(text),
            "notes": f"note {text}\nsecond line",
            "inputs": {"reason": text},
        }
    ).sealed()


def sample_report(text: str = "shop-alb") -> Report:
    """A report in which each change ended in another way."""
    plan = sample_plan(text)
    failed = CheckResult(
        says=f"{text} is blocked", held=False, expected=[text], found=text, at="2026-01-01T00:00:08Z"
    )
    after = closed_decision(text).model_dump(mode="json")
    statuses = ("done", "drifted", "intended")
    return Report(
        run_id=plan.id,
        status="drifted",
        plan=plan,
        started="2026-01-01T00:00:00Z",
        changes=tuple(
            ChangeResult.model_validate({"change_id": change.id, "status": status, "detail": text})
            for change, status in zip(plan.changes, statuses, strict=True)
        ),
        checks=(failed,),
        evidence=(
            Evidence(at="2026-01-01T00:00:09Z", by="run", checks=(failed,), paths=after),
            Evidence(at="2026-01-02T00:00:00Z", by="verify", checks=(failed,), paths=after),
        ),
        message=f"drifted at {text}",
        hint=f"plan again for {text}",
        next=(f"opsctl resume {plan.id}", f"opsctl dlq inspect {text}"),
        next_because={f"opsctl dlq inspect {text}": f"what stayed of {text}"},
    )
