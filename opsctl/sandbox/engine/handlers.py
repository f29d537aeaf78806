"""Finds which of moto's handlers answers a request, and calls it; Flask takes more than twice as long for that."""

from typing import Any

from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import HTTPException


class Handlers(DomainDispatcherApplication):  # type: ignore[misc] # moto's parts are Any here
    """moto's own applications, whose handlers are called without what Flask puts around them.

    They look at the request that they are given, and at nothing that Flask knows.
    """

    def get_backend_for_host(self, host: str | None) -> Any:
        """Find who answers for a host; moto has some services of AWS not at all.

        Raises:
            NotImplementedError: moto has no such service.
        """
        found = super().get_backend_for_host(host)
        if found is None and host is not None:
            raise NotImplementedError(host.partition(".")[0])
        return found

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer as a WSGI application."""
        application = self.get_application(environ)
        request = application.request_class(environ)
        try:
            endpoint, arguments = application.url_map.bind_to_environ(environ).match()
            request.view_args = arguments
            told = application.view_functions[endpoint].callback(request, request.raw_url, dict(request.headers))
        except ClientError as fault:
            told = 400, {}, fault.response["Error"]["Message"]
        except HTTPException as fault:
            return fault(environ, start_response)
        status, headers, content = told if len(told) == 3 else (200, {}, told)
        answer = application.response_class(response=content, status=status, headers=headers)
        if request.method == "HEAD" and "content-length" in headers:
            answer.headers["Content-Length"] = headers["content-length"]
        return answer(environ, start_response)
