//! The command line. Terraform gives no arguments, so all of this is for people.

use std::ffi::OsString;

use super::About;

/// What the process is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Serve the Terraform that started it.
    Plugin,
    /// Serve any Terraform that is told where to find it.
    Debug,
    /// Print the version.
    Version,
    /// Print how to use it.
    Help,
}

impl Command {
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut command = Self::Plugin;
        for argument in arguments {
            let next = match argument.to_str() {
                // Go's flag package takes one dash or two, and so do the editors that start providers.
                Some("--debug" | "-debug") => Self::Debug,
                Some("--version" | "-version") => Self::Version,
                Some("--help" | "-help" | "-h") => Self::Help,
                _ => {
                    return Err(format!(
                        "unknown argument {}: try --help",
                        argument.display()
                    ));
                }
            };
            if command != Self::Plugin && command != next {
                return Err("give one of --debug, --version and --help".to_owned());
            }
            command = next;
        }
        Ok(command)
    }
}

pub(super) fn help(about: About) -> String {
    let About {
        name,
        address,
        version,
    } = about;
    format!(
        "terraform-provider-{name} v{version}\n\
         \n\
         Terraform starts this program itself when a configuration asks for {address}.\n\
         \n\
         --debug    stay up without Terraform and print the environment variable that makes Terraform use this process\n\
         --version  print the version\n\
         --help     print this\n\
         \n\
         TF_LOG_PROVIDER=trace, debug, info, warn or error makes it log to standard error."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_few() {
        let parse = |arguments: &[&str]| Command::parse(arguments.iter().map(OsString::from));
        assert_eq!(parse(&[]), Ok(Command::Plugin));
        assert_eq!(parse(&["-debug"]), Ok(Command::Debug));
        assert_eq!(parse(&["--version"]), Ok(Command::Version));
        assert!(
            parse(&["serve"])
                .unwrap_err()
                .contains("unknown argument serve")
        );
        assert!(parse(&["--debug", "--version"]).is_err());
    }
}
