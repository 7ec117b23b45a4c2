//! The mode `fetch-bundle`, as a process.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    thread,
};

/// Answers each connection with the next of these, then no more.
fn serve(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap();
            assert!(
                request[..count]
                    .starts_with(b"GET /bundle.tgz?X-Amz-Signature=secret HTTP/1.1\r\n")
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/bundle.tgz?X-Amz-Signature=secret\n")
}

fn fetch(folder: &Path, url: &str) -> Output {
    let (url_file, output) = (folder.join("url"), folder.join("bundle.tgz"));
    fs::write(&url_file, url).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_dataplane-operator"))
        .args(["fetch-bundle", "--max-bytes", "1000", "--timeout", "20"])
        .arg("--url-file")
        .arg(&url_file)
        .arg("--output")
        .arg(&output)
        .env("DATAPLANE_LOG", "trace")
        .output()
        .unwrap();
    let said = [done.stdout.as_slice(), &done.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("secret"), "{said}");
    done
}

#[test]
fn a_bundle_is_fetched_without_a_word_of_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let url = serve(&[
        "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbundle",
    ]);
    let done = fetch(folder.path(), &url);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(
        fs::read(folder.path().join("bundle.tgz")).unwrap(),
        b"bundle"
    );
}

#[test]
fn an_expired_url_ends_the_container_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let url = serve(&[
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 40\r\nConnection: close\r\n\r\n<Error><Code>AccessDenied</Code></Error>",
    ]);
    let done = fetch(folder.path(), &url);
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("refused the signed URL") && said.contains("a new pod mends"),
        "{said}"
    );
    assert!(!folder.path().join("bundle.tgz").exists());
}
