//! The `breakwater` command: flags to a command, and the only exit.

use std::io::Write;
use std::process::ExitCode;

use breakwater::cli;

fn main() -> ExitCode {
    match cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(error) if cli::is_hung_up(&error) => ExitCode::from(cli::HUNG_UP),
        Err(error) => {
            // A closed stderr leaves nobody to tell.
            let _: std::io::Result<()> = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::from(cli::FAILED)
        }
    }
}
