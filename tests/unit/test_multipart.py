"""Multipart forms: what clients send is read without copying; what is broken is refused."""

import azure.functions as func
import httpx
import pytest

from shared.api.multipart import MultipartForm, Part, form_argument
from shared.errors import InvalidArgument, LengthRequired

HEAD = 'Content-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


def request_with(
    body: bytes, content_type: str = "multipart/form-data; boundary=B"
) -> func.HttpRequest:
    headers = {"content-type": content_type, "content-length": str(len(body))}
    return func.HttpRequest("PUT", "http://127.0.0.1/x", headers=headers, body=body)


def form_of(body: str) -> MultipartForm:
    return form_argument(request_with(body.encode()))


def sent_by_httpx(**fields: object) -> MultipartForm:
    request = httpx.Request("PUT", "http://127.0.0.1/x", **fields)  # type: ignore[arg-type]
    return form_argument(request_with(request.read(), request.headers["content-type"]))


def test_what_a_client_sends_comes_out_again() -> None:
    form = sent_by_httpx(
        files=[
            ("files", ("a.txt", b"abc", "text/plain")),
            ("files", ("ü/b c.bin", b"\r\n--\x00\xff", "application/x")),
            ("files", ("empty", b"")),
        ],
        data={"metadata": '{"a": "ü"}'},
    )

    assert [
        (part.filename, part.content_type, bytes(part.data)) for part in form.named("files")
    ] == [
        ("a.txt", "text/plain", b"abc"),
        ("ü/b c.bin", "application/x", b"\r\n--\x00\xff"),
        ("empty", "application/octet-stream", b""),
    ]
    assert [part.text() for part in form.named("metadata")] == ['{"a": "ü"}']


def test_parts_are_views_of_the_body() -> None:
    body = f"--B\r\n{HEAD}abc\r\n--B--".encode()

    (part,) = form_argument(request_with(body)).parts

    assert part.data.obj is body


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ('filename="a b.txt"', "a b.txt"),
        ("filename=plain.txt", "plain.txt"),
        ('filename="quo\\"te.txt"', 'quo"te.txt'),
        ('filename="back\\\\slash"', "back\\slash"),
        ('filename="lone\\slash"', "lone\\slash"),
        ('filename="100%25.txt"', "100%25.txt"),
        ("filename=\"x\"; filename*=UTF-8''%C3%BC.txt", "ü.txt"),
        ("filename*=iso-8859-1'de'%FC", "ü"),
        ('FileName="a;b"', "a;b"),
        ('filename=""', ""),
        ("x=y", None),
    ],
)
def test_names_are_read_however_clients_write_them(parameters: str, filename: str | None) -> None:
    form = form_of(
        f'--B\r\ncontent-disposition: form-data; name="f"; {parameters}\r\n\r\nx\r\n--B--'
    )

    assert form.parts[0].filename == filename


@pytest.mark.parametrize(
    "body",
    [
        f"--B\r\n{HEAD}\r\n--B--\r\n",
        f"a preamble\r\n--B\r\n{HEAD}\r\n--B--\r\nan epilogue",
        f"--B \t\r\n{HEAD}\r\n--B--",
    ],
)
def test_padding_and_what_surrounds_a_form_are_no_content(body: str) -> None:
    assert [bytes(part.data) for part in form_of(body).parts] == [b""]


def test_a_form_may_have_no_parts() -> None:
    assert form_of("--B--\r\n") == MultipartForm()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no form",
        "--B",
        "--B\r\n",
        f"--B\r\n{HEAD}abc",
        f"--B\r\n{HEAD}abc\r\n--Bmore\r\n--B--",
        "--B\r\nContent-Disposition: attachment\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
        "--B\r\nno header\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=x; filename*=none'x'y\r\n\r\nx\r\n--B--",
        f"--B\r\nContent-Type: text/\x07\r\n{HEAD}x\r\n--B--",
        f"--B\r\nX: {'x' * 20_000}\r\n{HEAD}x\r\n--B--",
        f"--B\r\n{HEAD}x\r\n" * 1001 + "--B--",
    ],
)
def test_what_is_broken_is_refused(body: str) -> None:
    with pytest.raises(InvalidArgument):
        form_of(body)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_form_needs_a_boundary(content_type: str) -> None:
    with pytest.raises(InvalidArgument, match="Missing boundary"):
        form_argument(request_with(b"x", content_type))


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain; boundary=B"])
def test_what_is_no_form_has_no_parts(content_type: str) -> None:
    assert form_argument(request_with(b"--B--", content_type)) == MultipartForm()


def test_a_body_that_the_host_dropped_is_told_from_an_empty_one() -> None:
    request = func.HttpRequest(
        "PUT", "http://127.0.0.1/x", headers={"transfer-encoding": "chunked"}, body=b""
    )

    with pytest.raises(LengthRequired):
        form_argument(request)


def test_a_part_is_read_piece_by_piece_and_anew() -> None:
    part = Part("files", "a", "", memoryview(b"0123456789"))
    with part.open() as file:
        assert (file.read(4), file.read(4), file.read(), file.read()) == (
            b"0123",
            b"4567",
            b"89",
            b"",
        )
        assert file.seek(-3, 2) == 7
        assert file.read() == b"789"
        assert file.seek(2) == file.tell() == 2
        assert file.read(1) == b"2"
