"""Puts the changes of a WAF block together: sets, rules, web ACL, association."""

from opsctl.actions.waf_state import WafState
from opsctl.model.changes import Change, Instruction, Proof, Risk
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
        self._rules: list[tuple[dict[str, Json], Change | None]] = []
        self._priorities: list[int] = []

    def add_family(self, version: int, missing: list[str] | None) -> None:
        """Plan the set and the rule of one address family; `missing` is None when it is not asked for."""
        if missing is None:
            return
        name = f"opsctl-{self._mode}-ipv{version}-{self._slug}"
        known = self._state.sets.get(name)
        made: Change | None = None
        if known is not None:
            set_arn: Json = known.arn
            if missing:
                key = WafKey.of_arn(IP_SET, known.arn, self._region)
                made = self._fill_set(key, missing)
        else:
            made = self._create_set(name, version, missing)
            set_arn = reference(made.id, "arn")
        if made is not None:
            self._sets.append(made)
        rule_name = f"opsctl-{self._mode}-ipv{version}"
        if rule_name not in self._state.rules:
            priority = self._state.priority_for_rule(self._priorities)
            self._priorities.append(priority)
            rule = web_acls.rule_of(rule_name, priority, set_arn, ACTIONS[self._mode])
            self._rules.append((rule, made))

    def changes(self) -> list[Change]:
        """Return everything that is missing."""
        planned = list(self._sets)
        web_acl: Json = self._state.web_acl.arn if self._state.web_acl else None
        maker: str | None = None
        if self._state.key is None and self._rules:
            created = self._create_web_acl()
            planned.append(created)
            web_acl, maker = reference(created.id, "arn"), created.id
        elif self._state.key is not None:
            self._state.refuse_full(len(self._rules))
            planned += [self._add_rule(self._state.key, rule, made) for rule, made in self._rules]
        if not self._attached and web_acl is not None:
            after = (maker,) if maker else tuple(change.id for change in planned)
            planned.append(self._attach(web_acl, after))
        return planned

    def _create_set(self, name: str, version: int, addresses: list[str]) -> Change:
        change_id = f"ip-set-{name}"
        key = WafKey.of_new(IP_SET, name, self._scope, self._region, change_id)
        return self._change(
            ip_sets.create_ip_set(key, version, addresses, self._description, self._plan_id),
            id=change_id,
            title=f"Create IP set {name} with {_listed(addresses)}",
            why="WAF rules refer to addresses by an IP set, and opsctl has none here yet.",
            expect=(key.is_absent(),),
            proof=Proof(
                configured=(
                    key.is_ours(self._description),
                    ip_sets.addresses_in(key, addresses, present=True),
                ),
                within_s=VISIBLE_WITHIN_S,
            ),
            undo=key.deletion(),
            outputs=key.outputs(),
        )

    def _fill_set(self, key: WafKey, addresses: list[str]) -> Change:
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
        )

    def _add_rule(self, key: WafKey, rule: dict[str, Json], made: Change | None) -> Change:
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
            depends_on=(made.id,) if made else (),
        )

    def _create_web_acl(self) -> Change:
        name = f"opsctl-{self._slug}"
        key = WafKey.of_new(WEB_ACL, name, self._scope, self._region, f"web-acl-{name}")
        rules = [rule for rule, _ in self._rules]
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
            outputs=key.outputs(),
            depends_on=tuple(made.id for _, made in self._rules if made),
        )

    def _attach(self, web_acl: Json, after: tuple[str, ...]) -> Change:
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
            depends_on=after,
        )

    def _change(self, instruction: Instruction, **parts: Json) -> Change:
        return Change(**dict(instruction), risk=self._risk, **parts)


def _listed(addresses: list[str]) -> str:
    if len(addresses) <= 3:
        return ", ".join(addresses) or "no address yet"
    return f"{', '.join(addresses[:2])} and {len(addresses) - 2} more"
