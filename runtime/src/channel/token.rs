//! The projected service account token, read anew for each request: the kubelet replaces it long before it expires.

use std::{fs, path::PathBuf, sync::Arc};

use tonic::{Request, Status, metadata::MetadataValue, service::Interceptor};

/// The file of the token. The token itself is never kept and never logged.
#[derive(Clone, Debug)]
pub struct TokenFile(Arc<PathBuf>);

impl TokenFile {
    pub fn new(path: PathBuf) -> Self {
        Self(Arc::new(path))
    }
}

impl Interceptor for TokenFile {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let path = self.0.display();
        let token = fs::read_to_string(self.0.as_path()).map_err(|error| {
            Status::unauthenticated(format!("reading the token {path}: {error}"))
        })?;
        let mut header: MetadataValue<_> = format!("Bearer {}", token.trim())
            .parse()
            .map_err(|_| Status::unauthenticated(format!("the token {path} is no header text")))?;
        header.set_sensitive(true);
        request.metadata_mut().insert("authorization", header);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_for_each_request() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut token = TokenFile::new(file.path().to_owned());
        for text in ["first", "second\n"] {
            fs::write(file.path(), text).unwrap();
            let request = token.call(Request::new(())).unwrap();
            let header = request.metadata().get("authorization").unwrap();
            assert_eq!(header.to_str().unwrap(), format!("Bearer {}", text.trim()));
            assert!(
                !format!("{:?}", request.metadata()).contains(text.trim()),
                "it would be logged"
            );
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let status = TokenFile::new("/does/not/exist".into())
            .call(Request::new(()))
            .unwrap_err();
        assert!(status.message().contains("/does/not/exist"), "{status}");
    }
}
