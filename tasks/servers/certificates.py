"""Makes the certificates by which the machines of a Dask cluster know each other."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from eightytwenty.files import whole_folder

ROLES = ("scheduler", "worker", "client")
AUTHORITY = "ca.pem"
_DAYS = 825
_RENEWED = 30  # days before they end


def make_certificates(folder: Path) -> None:
    """Makes an authority of its own, and a certificate of each role, which server and client accept.

    The folder then holds ca.pem, and ROLE.pem and ROLE.key for each role. Nobody keeps the key of the authority, so
    that no other certificate fits.

    Args:
        folder: need not exist. Certificates in it that are still good for a while stay.
    """
    if _are_good(folder):
        return
    with whole_folder(folder) as partial:
        authority_key = ec.generate_private_key(ec.SECP256R1())
        name = _name("eightytwenty cluster")
        authority = (
            _builder(name, name, authority_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(authority_key, hashes.SHA256())
        )
        (partial / AUTHORITY).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        for role in ROLES:
            key = ec.generate_private_key(ec.SECP256R1())
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            certificate = (
                _builder(_name(role), name, key.public_key())
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
                .sign(authority_key, hashes.SHA256())
            )
            (partial / f"{role}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
            path = partial / f"{role}.key"
            path.touch(mode=0o600)
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )


def tls_settings(folder: Path, role: str) -> dict[str, str]:
    """What Dask reads from the environment to use the certificates of a role, as scheduler, worker and client."""
    pair = {"CERT": f"{role}.pem", "KEY": f"{role}.key"}
    settings = {f"{user}__{part}": name for user in ("SCHEDULER", "WORKER", "CLIENT") for part, name in pair.items()}
    settings |= {"CA_FILE": AUTHORITY}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(folder / file) for name, file in settings.items()} | {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"
    }


def _are_good(folder: Path) -> bool:
    paths = [folder / AUTHORITY, *(folder / f"{role}.{end}" for role in ROLES for end in ("pem", "key"))]
    if not all(path.is_file() for path in paths):
        return False
    ends = x509.load_pem_x509_certificate(paths[0].read_bytes()).not_valid_after_utc
    return ends > datetime.now(UTC) + timedelta(days=_RENEWED)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


if __name__ == "__main__":
    make_certificates(Path(sys.argv[1]))
