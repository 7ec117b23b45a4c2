//! The binary Terraform starts: everything is in the library.

fn main() -> std::process::ExitCode {
    framework::serve(provider::Dataplane::default())
}
