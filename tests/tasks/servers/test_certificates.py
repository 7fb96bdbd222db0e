import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tasks.servers import certificates
from tasks.servers.certificates import ROLES, make_certificates


def test_each_role_has_a_certificate_of_one_authority_and_a_key_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    make_certificates(folder)
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    for role in ROLES:
        x509.load_pem_x509_certificate((folder / f"{role}.pem").read_bytes()).verify_directly_issued_by(authority)
        assert stat.S_IMODE((folder / f"{role}.key").stat().st_mode) == 0o600
    assert len({(folder / f"{role}.key").read_bytes() for role in ROLES}) == len(ROLES)
    assert {path.name for path in folder.iterdir()} == {
        "ca.pem",
        *(f"{role}.{end}" for role in ROLES for end in ("pem", "key")),
    }


def test_good_certificates_stay_and_others_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_certificates(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    make_certificates(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == first
    ends = x509.load_pem_x509_certificate(first).not_valid_after_utc
    left = (ends - datetime.now(UTC)) // timedelta(days=1)
    monkeypatch.setattr(certificates, "_RENEWED", left + 2)
    make_certificates(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() != first
