"""Lambda's concurrency: an account has 1,000 runs at once, of which 100 stay unreserved.

Source: Lambda developer guide, quotas and reserved concurrency. moto does not tell the account's settings.
"""

import json
from collections.abc import Callable
from typing import Any

LIMIT, LEAST_UNRESERVED = 1000, 100


def install() -> None:
    """Answer GetAccountSettings, and refuse to reserve what has to stay unreserved."""
    from moto.awslambda import urls
    from moto.awslambda.models import LambdaBackend
    from moto.awslambda.responses import LambdaResponse

    LambdaBackend.put_function_concurrency = _bounded(LambdaBackend.put_function_concurrency)
    LambdaResponse.get_account_settings = _settings
    urls.url_paths["{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def _reserved(backend: Any, but: str = "") -> int:
    functions = backend.list_functions()
    return sum(int(one.reserved_concurrency or 0) for one in functions if one.function_name != but)


def _settings(self: Any) -> Any:
    unreserved = LIMIT - _reserved(self.backend)
    limit = {"ConcurrentExecutions": LIMIT, "UnreservedConcurrentExecutions": unreserved}
    return 200, {}, json.dumps({"AccountLimit": limit, "AccountUsage": {}})


def _bounded(method: Callable[..., Any]) -> Callable[..., Any]:
    def put(self: Any, function_name: str, reserved_concurrency: str) -> Any:
        from moto.awslambda.exceptions import LambdaClientError

        name = function_name.rpartition(":")[2]
        if LIMIT - _reserved(self, but=name) - int(reserved_concurrency) < LEAST_UNRESERVED:
            raise LambdaClientError(
                "InvalidParameterValueException",
                f"Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}].",
            )
        return method(self, function_name, reserved_concurrency)

    return put
