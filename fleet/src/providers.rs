//! The providers that `init` linked into a tenant's data: the cache that they are in may be gone, as on another machine of a CI.

use std::{fs, path::Path};

/// Whether all that is linked below this folder is there.
pub fn are_there(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        // A root without providers has none.
        return true;
    };
    entries.flatten().all(|entry| {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => path.exists(),
            Ok(kind) if kind.is_dir() => are_there(&path),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_to_nothing_is_a_provider_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let providers = folder.path().join("providers");
        assert!(are_there(&providers));
        let version = providers.join("registry.terraform.io/acme/acme/1.0.0");
        let cache = folder.path().join("cache");
        fs::create_dir_all(&version).unwrap();
        fs::create_dir(&cache).unwrap();
        symlink(&cache, version.join("linux_amd64")).unwrap();
        assert!(are_there(&providers));
        fs::remove_dir(&cache).unwrap();
        assert!(!are_there(&providers));
    }
}
