//! What the configured cloud cannot change of an object that exists.

use framework::{Change, Cty, Model, path};

use crate::refusals;

/// Asks for a new object because of each argument that changes and that this cloud cannot change in place. One that only the apply
/// tells may be another. `renamed` are the `fields` of the capability's types that are another argument.
pub fn ask<M: Model>(
    change: &mut Change<M>,
    fields: &[&'static str],
    renamed: &[(&str, &'static str)],
) {
    let (Some(config), Some(prior), Some(planned)) =
        (&change.config, &change.prior, &change.planned)
    else {
        return;
    };
    let [config, prior, planned] = [config, prior, planned].map(M::encode);
    let changes = |argument: &&'static str| {
        let (written, value) = (config.get(argument), planned.get(argument));
        // What the provider is about to compute is nobody's wish for another object.
        let left = written.is_none_or(Cty::is_null) && value.is_some_and(Cty::is_unknown);
        !left && value != prior.get(argument)
    };
    let arguments = fields
        .iter()
        .map(|field| refusals::argument(field, renamed));
    for argument in arguments.filter(changes).collect::<Vec<_>>() {
        change.replace(path!(argument));
    }
}
