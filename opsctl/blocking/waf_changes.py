"""Puts the changes of a WAF block together: sets, rules, web ACL, association."""

from opsctl.blocking.waf_state import WafState
from opsctl.model.changes import Change, Check, Instruction, Proof, Risk
from opsctl.model.references import reference
from opsctl.model.value import Json
from opsctl.services import distribution_calls as cloudfront
from opsctl.services import ip_set_calls as ip_sets
from opsctl.services import web_acl_calls as web_acls
from opsctl.services.waf_objects import IP_SET, WEB_ACL, WafKey

ACTIONS = {"block": "Block", "count": "Count", "challenge": "Challenge", "captcha": "Captcha"}
VISIBLE_WITHIN_S = 60


class WafPlan:
    """Collects the changes of one block, in the order in which they have to be made."""

    def __init__(
        self,
        *,
        state: WafState,
        scope: str,
        region: str,
        resource: str,
        resource_kind: str,
        display: str,
        attached: bool,
        slug: str,
        mode: str,
        why: str,
        description: str,
        plan_id: str,
        risk: Risk,
    ) -> None:
        self._state = state
        self._scope = scope
        self._region = region
        self._resource = resource
        self._kind = resource_kind
        self._display = display
        self._attached = attached
        self._slug = slug
        self._mode = mode
        self._why = why
        self._description = description
        self._plan_id = plan_id
        self._risk = risk
        self._sets: list[Change] = []
        self._rules: list[tuple[dict[str, Json], Check, str]] = []
        self._unused: list[Check] = []

    def add_family(self, version: int, missing: list[str] | None) -> None:
        """Plan the set and the rule of one address family; `missing` is None when it is not asked for."""
        if missing is None:
            return
        name = f"opsctl-{self._mode}-ipv{version}-{self._slug}"
        known = self._state.sets.get(name)
        maker = ""
        if known is not None:
            key = WafKey.of_arn(IP_SET, known.arn, self._region)
            set_arn: Json = known.arn
        else:
            maker = f"ip-set-{name}"
            key = WafKey.of_new(IP_SET, name, self._scope, self._region, maker)
            set_arn = reference(maker, "arn")
            self._sets.append(self._create_set(key, version, missing, maker))
        if missing:
            self._sets.append(self._fill_set(key, missing, maker))
        unused = ip_sets.nothing_but(key, missing)
        self._unused.append(unused)
        rule_name = f"opsctl-{self._mode}-ipv{version}"
        if rule_name not in self._state.rules:
            priority = self._state.priority_for_rule([rule["Priority"] for rule, _, _ in self._rules])
            rule = web_acls.rule_of(rule_name, priority, set_arn, ACTIONS[self._mode])
            self._rules.append((rule, unused, maker))

    def changes(self) -> list[Change]:
        """Return everything that is missing."""
        planned = list(self._sets)
        web_acl: Json = self._state.web_acl.arn if self._state.web_acl else None
        key = self._state.key
        if key is not None:
            self._state.refuse_full(len(self._rules))
            planned += [self._add_rule(key, *rule) for rule in self._rules]
        elif self._rules:
            created = self._create_web_acl()
            planned.append(created)
            key = WafKey.of_new(WEB_ACL, f"opsctl-{self._slug}", self._scope, self._region, created.id)
            web_acl = reference(created.id, "arn")
        if not self._attached and key is not None:
            planned.append(self._attach(web_acl, key, tuple(change.id for change in planned)))
        return planned

    def _only_ours(self, key: WafKey) -> tuple[Check, ...]:
        """Nobody else relies on the web ACL: no rule and no address beside those of this run."""
        names = [*self._state.rules, *(rule["Name"] for rule, _, _ in self._rules)]
        return (web_acls.no_rules_but(key, names), *self._unused)

    def _create_set(self, key: WafKey, version: int, addresses: list[str], change_id: str) -> Change:
        return self._change(
            ip_sets.create_ip_set(key, version, self._description, self._plan_id),
            id=change_id,
            title=f"Create IP set {key.name}",
            why="WAF rules refer to addresses by an IP set, and opsctl has none here yet.",
            expect=(key.is_absent(),),
            proof=Proof(configured=(key.is_ours(self._description),), within_s=VISIBLE_WITHIN_S),
            undo=key.deletion(),
            undo_only_if=(ip_sets.nothing_but(key, addresses),),
            outputs=key.outputs(),
        )

    def _fill_set(self, key: WafKey, addresses: list[str], maker: str) -> Change:
        return self._change(
            ip_sets.edit_addresses(key, "add", addresses),
            id=f"addresses-{key.name}",
            title=f"Add {_listed(addresses)} to IP set {key.name}",
            why=self._why,
            expect=(ip_sets.addresses_in(key, addresses, present=False),),
            proof=Proof(
                configured=(ip_sets.addresses_in(key, addresses, present=True),), within_s=VISIBLE_WITHIN_S
            ),
            undo=ip_sets.edit_addresses(key, "remove", addresses),
            depends_on=(maker,) if maker else (),
        )

    def _add_rule(self, key: WafKey, rule: dict[str, Json], unused: Check, maker: str) -> Change:
        name, priority, action = rule["Name"], rule["Priority"], ACTIONS[self._mode]
        set_arn = rule["Statement"]["IPSetReferenceStatement"]["ARN"]
        return self._change(
            web_acls.edit_rule(key, "add", rule),
            id=f"rule-{name}",
            title=f"Add rule {name} ({action.lower()}) to web ACL {key.name}, priority {priority}",
            why=f"{self._why} Its place is before the first rule that allows.",
            expect=(
                web_acls.rule_refers_to(key, name, set_arn, action, present=False),
                web_acls.priority_is_free(key, priority),
                web_acls.no_allow_before(key, priority),
            ),
            proof=Proof(
                configured=(web_acls.rule_refers_to(key, name, set_arn, action, present=True),),
                within_s=VISIBLE_WITHIN_S,
            ),
            undo=web_acls.edit_rule(key, "remove", rule),
            undo_only_if=(unused,),
            depends_on=(maker,) if maker else (),
        )

    def _create_web_acl(self) -> Change:
        name = f"opsctl-{self._slug}"
        key = WafKey.of_new(WEB_ACL, name, self._scope, self._region, f"web-acl-{name}")
        rules = [rule for rule, _, _ in self._rules]
        return self._change(
            web_acls.create_web_acl(key, rules, self._description, self._plan_id),
            id=f"web-acl-{name}",
            title=f"Create web ACL {name} that allows everything but the listed addresses",
            why=f"No web ACL protects {self._display} yet. {self._why}",
            expect=(key.is_absent(),),
            proof=Proof(
                configured=(key.is_ours(self._description),),
                within_s=VISIBLE_WITHIN_S,
            ),
            undo=key.deletion(),
            undo_only_if=self._only_ours(key),
            outputs=key.outputs(),
            depends_on=tuple(maker for _, _, maker in self._rules if maker),
        )

    def _attach(self, web_acl: Json, key: WafKey, after: tuple[str, ...]) -> Change:
        title = f"Attach the web ACL to {self._display}"
        if self._kind == "distribution":
            return self._change(
                cloudfront.attach_web_acl(self._resource, web_acl),
                id=f"attach-{self._resource}",
                title=title,
                why=self._why,
                expect=(cloudfront.distribution_has(self._resource, None, self._display),),
                proof=Proof(
                    configured=(cloudfront.distribution_has(self._resource, web_acl, self._display),),
                    effective=(cloudfront.is_deployed(self._resource, self._display),),
                    within_s=cloudfront.DEPLOYED_WITHIN_S,
                ),
                undo=cloudfront.detach_web_acl(self._resource),
                undo_only_if=self._only_ours(key),
                depends_on=after,
            )
        return self._change(
            web_acls.associate(web_acl, self._resource, self._region),
            id=f"attach-{self._resource}",
            title=title,
            why=self._why,
            expect=(web_acls.resource_has(self._resource, self._region, None, self._display),),
            proof=Proof(
                configured=(web_acls.resource_has(self._resource, self._region, web_acl, self._display),),
                within_s=VISIBLE_WITHIN_S,
            ),
            undo=web_acls.disassociate(self._resource, self._region),
            undo_only_if=self._only_ours(key),
            depends_on=after,
        )

    def _change(self, instruction: Instruction, **parts: Json) -> Change:
        return Change(**dict(instruction), risk=self._risk, **parts)


def _listed(addresses: list[str]) -> str:
    if len(addresses) <= 3:
        return ", ".join(addresses) or "no address yet"
    return f"{', '.join(addresses[:2])} and {len(addresses) - 2} more"
