"""What a client has: a page for the phone, opened by a link, and the address that step counts are sent to."""

from workbench.phone.routes import routes as routes
