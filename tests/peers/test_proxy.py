"""The CONNECT proxy carries what goes through it, notes where to, and refuses what it should."""

import pytest
import requests

from tests.peers.certificates import Certificates
from tests.peers.entra import TENANT, Entra
from tests.peers.proxy import Proxy


def _get(proxy: Proxy, certificates: Certificates, url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        proxies = {"https": proxy.url, "http": proxy.url}
        return session.get(url, proxies=proxies, verify=str(certificates.authority_file), timeout=10)


def test_a_tunnel_is_opened_and_noted(entra: Entra, certificates: Certificates):
    """TLS goes end to end through the tunnel; its target is noted."""
    with Proxy() as proxy:
        url = f"https://localhost:{entra.port}/{TENANT}/v2.0/.well-known/openid-configuration"
        assert _get(proxy, certificates, url).status_code == 200
        assert proxy.tunnels == [f"localhost:{entra.port}"]


def test_what_is_refused(entra: Entra, certificates: Certificates):
    """Told to refuse, asked for another machine, or for anything but a tunnel, it opens none."""
    with Proxy() as proxy:
        assert _get(proxy, certificates, f"http://localhost:{entra.port}/").status_code == 405
        with pytest.raises(requests.ConnectionError):
            _get(proxy, certificates, "https://elsewhere.example/")
        proxy.is_refusing = True
        with pytest.raises(requests.ConnectionError):
            _get(proxy, certificates, f"https://localhost:{entra.port}/")
