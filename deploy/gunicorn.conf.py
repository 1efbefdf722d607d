"""Web workers. Used by bin/demo and by deploy/systemd/sev-web.service; options on the command line win."""

import os

bind = os.environ.get("SEV_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS") or 2)
# Threads, as browsers open connections ahead of need: each would hold a whole "sync" worker.
worker_class = "gthread"
threads = 4
# Above statement_timeout (30 s): the database gives up first, and the page can say so.
timeout = 60
graceful_timeout = 20
# A worker is replaced now and then, not all at once: large PDFs leave memory behind.
max_requests = 5000
max_requests_jitter = 500
# Nobody steers the server while it runs; a socket for it would only be one more door.
control_socket_disable = True
# nginx is the only one in front, on the same machine.
forwarded_allow_ips = "127.0.0.1"
