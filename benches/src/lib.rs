//! What the benches share: reproducible inputs.
