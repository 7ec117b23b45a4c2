//! The cloud capabilities on Azure.
