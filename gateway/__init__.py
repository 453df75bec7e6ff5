"""The service: three stations around one spool.

            arrive                 normalise                deliver
 hotfolder ──┐                        │                        │
             ├─► spool: accepted ────►│──► ready ─────────────►│──► sent
 SMTP in  ───┘                        └──► failed              ├──► deferred ─► (again)
                                                               └──► failed  ─► notice (a new job)

Stations never call each other: each takes jobs in one state and leaves them in another. Restart is recovery.
"""

from typing import Final

__version__: Final = "0.1.0"
