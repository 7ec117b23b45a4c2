//! A capability that a cloud's backend does not have: a plan says so, and so does every call. Nothing is called.

use async_trait::async_trait;

use crate::error::{Call, Error, Result};
use crate::private_endpoints::{
    EndpointDefaults, EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint,
    PrivateEndpointId, PrivateEndpoints, ServiceName, ServiceOffer,
};
use crate::private_services::{
    Answer, ConnectionId, NewPrivateService, PrivateService, PrivateServiceId, PrivateServices,
    ServiceSettings,
};
use crate::refusal::Refusal;
use crate::tags::Tags;

/// The private services and private endpoints of a cloud whose backend has neither.
#[derive(Clone, Copy, Debug)]
pub struct Absent {
    /// What the cloud is called: `Google Cloud`.
    pub cloud: &'static str,
}

const SERVICES: &str = "private services";
const ENDPOINTS: &str = "private endpoints";

impl Absent {
    fn why(self, what: &str) -> String {
        format!(
            "{what} are not there yet on {}: make them with the cloud's own provider until they are.",
            self.cloud
        )
    }

    fn refused(self, what: &str) -> Vec<Refusal> {
        vec![Refusal::new("name", self.why(what))]
    }

    fn unsupported<T>(self, what: &str) -> Result<T> {
        let call = Call::new(format!("use {what}"), self.cloud).because(self.why(what));
        Err(Error::Unsupported(Box::new(call)))
    }
}

#[async_trait]
impl PrivateServices for Absent {
    fn check(&self, _: &NewPrivateService) -> Vec<Refusal> {
        self.refused(SERVICES)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &[]
    }

    async fn create(&self, _: &NewPrivateService) -> Result<PrivateService> {
        self.unsupported(SERVICES)
    }

    async fn find(&self, _: &NewPrivateService) -> Result<PrivateService> {
        self.unsupported(SERVICES)
    }

    async fn get(&self, _: &PrivateServiceId) -> Result<PrivateService> {
        self.unsupported(SERVICES)
    }

    async fn configure(&self, _: &PrivateService, _: &ServiceSettings) -> Result<()> {
        self.unsupported(SERVICES)
    }

    async fn answer(&self, _: &PrivateService, _: &ConnectionId, _: Answer) -> Result<()> {
        self.unsupported(SERVICES)
    }

    async fn verify(&self, _: &PrivateService) -> Result<()> {
        self.unsupported(SERVICES)
    }

    async fn set_tags(&self, _: &PrivateService, _: &Tags) -> Result<()> {
        self.unsupported(SERVICES)
    }

    async fn delete(&self, _: &PrivateServiceId) -> Result<()> {
        self.unsupported(SERVICES)
    }
}

#[async_trait]
impl PrivateEndpoints for Absent {
    fn check(&self, _: &NewPrivateEndpoint) -> Vec<Refusal> {
        self.refused(ENDPOINTS)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &[]
    }

    fn defaults(&self, _: &ServiceName, _: EndpointType) -> EndpointDefaults {
        EndpointDefaults::default()
    }

    async fn service(&self, _: &ServiceName, _: EndpointType) -> Result<ServiceOffer> {
        self.unsupported(ENDPOINTS)
    }

    async fn create(&self, _: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        self.unsupported(ENDPOINTS)
    }

    async fn find(&self, _: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        self.unsupported(ENDPOINTS)
    }

    async fn get(&self, _: &PrivateEndpointId) -> Result<PrivateEndpoint> {
        self.unsupported(ENDPOINTS)
    }

    async fn configure(&self, _: &PrivateEndpoint, _: &EndpointSettings) -> Result<()> {
        self.unsupported(ENDPOINTS)
    }

    async fn set_tags(&self, _: &PrivateEndpoint, _: &Tags) -> Result<()> {
        self.unsupported(ENDPOINTS)
    }

    async fn delete(&self, _: &PrivateEndpointId) -> Result<()> {
        self.unsupported(ENDPOINTS)
    }

    fn acceptance(&self, _: &PrivateEndpoint) -> String {
        self.why(ENDPOINTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says_so<T: std::fmt::Debug>(asked: Result<T>, what: &str) {
        let said = asked.unwrap_err();
        assert!(matches!(said, Error::Unsupported(_)), "{said}");
        let said = said.to_string();
        assert!(said.contains(what) && said.contains("Azure"), "{said}");
    }

    #[tokio::test]
    async fn what_is_asked_of_it_is_not_supported() {
        let absent = Absent { cloud: "Azure" };
        let service = "acme".parse().unwrap();
        says_so(PrivateServices::get(&absent, &service).await, SERVICES);
        says_so(PrivateServices::delete(&absent, &service).await, SERVICES);
        let endpoint = "acme".parse().unwrap();
        says_so(PrivateEndpoints::get(&absent, &endpoint).await, ENDPOINTS);
        let leads = "all-apis".parse().unwrap();
        let offer = absent.service(&leads, EndpointType::Interface).await;
        says_so(offer, ENDPOINTS);
    }
}
