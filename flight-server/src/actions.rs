//! DoAction: prepared statements, session options, and cancelling.

use std::collections::HashMap;

use arrow::datatypes::{Fields, Schema};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, Any, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo,
    Result as ActionResult,
};
use bytes::Bytes;
use prost::Message;
use tonic::Status;

use crate::caller::Caller;
use crate::client_settings::{ClientSettings, SettingError};
use crate::service::Service;
use crate::session_messages::{
    CloseSessionResult, CloseStatus, GetSessionOptionsResult, OptionError, OptionErrorValue,
    PreparedStatementResult, SessionOptionValue, SetSessionOptionsRequest, SetSessionOptionsResult,
};
use crate::statement::Work;
use crate::statement::parameters::Parameter;
use crate::wire::Profile;
use crate::{flight_info, status};

/// The actions with what they take and give.
const ACTIONS: &[(&str, &str)] = &[
    (
        "CreatePreparedStatement",
        "Plans a statement for running it later. Request: ActionCreatePreparedStatementRequest. \
         Response: ActionCreatePreparedStatementResult.",
    ),
    (
        "ClosePreparedStatement",
        "Lets go of a prepared statement. Request: ActionClosePreparedStatementRequest.",
    ),
    (
        "CancelQuery",
        "Ends a query. Request: ActionCancelQueryRequest. Response: ActionCancelQueryResult.",
    ),
    (
        "CancelFlightInfo",
        "Ends a query. Request: CancelFlightInfoRequest. Response: CancelFlightInfoResult.",
    ),
    (
        "SetSessionOptions",
        "Changes the session. Request: SetSessionOptionsRequest. Response: \
         SetSessionOptionsResult.",
    ),
    (
        "GetSessionOptions",
        "Lists what was chosen for the session. Response: GetSessionOptionsResult.",
    ),
    (
        "CloseSession",
        "Ends the session and its token. Response: CloseSessionResult.",
    ),
];

/// The answer to ListActions.
pub(crate) fn list() -> Vec<ActionType> {
    ACTIONS
        .iter()
        .map(|(name, description)| ActionType {
            r#type: (*name).to_owned(),
            description: (*description).to_owned(),
        })
        .collect()
}

impl Service {
    /// Does an action; gives its one result, if it has one.
    pub(crate) async fn act(
        &self,
        caller: &Caller,
        action: &Action,
    ) -> Result<Option<ActionResult>, Status> {
        match action.r#type.as_str() {
            "CreatePreparedStatement" => {
                let request: ActionCreatePreparedStatementRequest = unpack(action)?;
                self.create_prepared(caller, &request).await.map(Some)
            }
            "ClosePreparedStatement" => {
                let request: ActionClosePreparedStatementRequest = unpack(action)?;
                self.prepared
                    .close(&request.prepared_statement_handle, caller.user())?;
                Ok(None)
            }
            "CancelQuery" => {
                let request: ActionCancelQueryRequest = unpack(action)?;
                let info = FlightInfo::decode(request.info).map_err(unreadable)?;
                let result = ActionCancelQueryResult {
                    result: self.cancel(caller, &info)?.into(),
                };
                Ok(Some(raw(result.as_any().encode_to_vec())))
            }
            "CancelFlightInfo" => {
                let request: CancelFlightInfoRequest = decode(&action.body)?;
                let info = request.info.unwrap_or_default();
                let result = CancelFlightInfoResult {
                    status: self.cancel(caller, &info)?.into(),
                };
                Ok(Some(raw(result.encode_to_vec())))
            }
            "SetSessionOptions" => {
                let request: SetSessionOptionsRequest = decode(&action.body)?;
                let result = self.set_options(caller, request);
                Ok(Some(raw(result.encode_to_vec())))
            }
            "GetSessionOptions" => {
                let result = self.options_in_effect(caller)?;
                Ok(Some(raw(result.encode_to_vec())))
            }
            "CloseSession" => {
                self.close_session(caller);
                let result = CloseSessionResult {
                    status: CloseStatus::Closed.into(),
                };
                Ok(Some(raw(result.encode_to_vec())))
            }
            "BeginTransaction" | "EndTransaction" | "BeginSavepoint" | "EndSavepoint" => {
                Err(status::unsupported(
                    "there are no transactions here: every query sees one published state by \
                     itself",
                ))
            }
            "CreatePreparedSubstraitPlan" => Err(status::unsupported(
                "Substrait plans are not supported: send SQL",
            )),
            name => Err(status::unsupported(format!(
                "there is no action \"{name}\" here; ListActions names those that there are"
            ))),
        }
    }

    /// Ends the caller's session, and what it left behind for later. Results that are being read
    /// go on.
    fn close_session(&self, caller: &Caller) {
        let session = &caller.session;
        self.sessions.close(session);
        caller.connection.close(session);
        self.prepared.close_all(session.id);
        self.tickets.close_all(session.id);
    }

    async fn create_prepared(
        &self,
        caller: &Caller,
        request: &ActionCreatePreparedStatementRequest,
    ) -> Result<ActionResult, Status> {
        let statement = self.plan(caller, &request.query).await?;
        let is_update = matches!(statement.work, Work::Session(_));
        let dataset_schema = if is_update {
            Bytes::new()
        } else {
            flight_info::schema_bytes(&caller.profile.schema(&statement.schema))?
        };
        let parameter_schema = if statement.parameters.is_empty() {
            Bytes::new()
        } else {
            flight_info::schema_bytes(&parameter_schema(caller.profile, &statement.parameters))?
        };
        let result = PreparedStatementResult {
            prepared_statement_handle: self.prepared.keep(
                &caller.session,
                statement,
                caller.profile,
            ),
            dataset_schema,
            parameter_schema,
            is_update: Some(is_update),
        };
        Ok(raw(result.as_any().encode_to_vec()))
    }

    fn cancel(&self, caller: &Caller, info: &FlightInfo) -> Result<CancelStatus, Status> {
        let mut any = false;
        for endpoint in &info.endpoint {
            let Some(ticket) = &endpoint.ticket else {
                continue;
            };
            let ticket = Any::decode(&*ticket.ticket).map_err(unreadable)?;
            if let Some(ticket) = ticket
                .unpack::<TicketStatementQuery>()
                .map_err(|e| status::invalid(e.to_string()))?
            {
                any |= self.tickets.cancel(&ticket, caller.user())?;
            }
        }
        Ok(if any {
            CancelStatus::Cancelled
        } else {
            CancelStatus::NotCancellable
        })
    }

    /// Sets each option that can be set, and tells of the others.
    fn set_options(
        &self,
        caller: &Caller,
        request: SetSessionOptionsRequest,
    ) -> SetSessionOptionsResult {
        let mut errors = HashMap::new();
        for (name, value) in request.session_options {
            let value = value.spelled();
            if let Err(e) = self.set_option(caller, &name, value.as_deref()) {
                tracing::debug!(option = name, "session option refused: {}", e.message());
                let value = match e {
                    SettingError::Name(_) => OptionErrorValue::InvalidName,
                    SettingError::Value(_) => OptionErrorValue::InvalidValue,
                };
                let value = value.into();
                errors.insert(name, OptionError { value });
            }
        }
        SetSessionOptionsResult { errors }
    }

    fn set_option(
        &self,
        caller: &Caller,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), SettingError> {
        let mut settings = caller.session.settings.read().clone();
        match value {
            Some(value) => settings.set(name, value)?,
            None => settings.reset(name)?,
        }
        self.adopt(caller, settings)
    }

    /// Puts changed settings into effect for the caller's session.
    pub(crate) fn adopt(
        &self,
        caller: &Caller,
        settings: ClientSettings,
    ) -> Result<(), SettingError> {
        let renamed = {
            let present = caller.session.settings.read();
            present.catalog != settings.catalog || present.schema != settings.schema
        };
        if renamed {
            self.check_names(caller, &settings)?;
        }
        *caller.session.settings.write() = settings;
        Ok(())
    }

    /// What was chosen, and the catalog and schema in effect where nothing was.
    fn options_in_effect(&self, caller: &Caller) -> Result<GetSessionOptionsResult, Status> {
        let mut options = caller.options();
        options.allow_catching_up = true;
        let config = self.session(&options)?.copied_config();
        let defaults = &config.options().catalog;
        let mut chosen = caller.settings.chosen();
        chosen.insert("catalog".to_owned(), defaults.default_catalog.clone());
        chosen.insert("schema".to_owned(), defaults.default_schema.clone());
        Ok(GetSessionOptionsResult {
            session_options: chosen
                .into_iter()
                .map(|(name, value)| (name, SessionOptionValue::text(value)))
                .collect(),
        })
    }

    /// A driver that chooses a catalog which isn't there should hear of it when it connects.
    fn check_names(&self, caller: &Caller, settings: &ClientSettings) -> Result<(), SettingError> {
        let mut options = settings.options(caller.user());
        options.allow_catching_up = true;
        let refused = |e: Status| SettingError::Value(e.message().to_owned());
        let ctx = self.session(&options).map_err(refused)?;
        let config = ctx.copied_config().options().catalog.clone();
        let catalog = ctx.catalog(&config.default_catalog).ok_or_else(|| {
            SettingError::Value(format!("there is no catalog {}", config.default_catalog))
        })?;
        if settings.schema.is_some() && catalog.schema(&config.default_schema).is_none() {
            return Err(SettingError::Value(format!(
                "there is no schema {} in catalog {}",
                config.default_schema, config.default_catalog
            )));
        }
        Ok(())
    }
}

fn parameter_schema(profile: Profile, parameters: &[Parameter]) -> Schema {
    let fields: Fields = parameters
        .iter()
        .map(|p| profile.parameter(&p.field))
        .collect();
    Schema::new(fields)
}

/// Flight SQL's own actions travel in an `Any`.
fn unpack<M: ProstMessageExt>(action: &Action) -> Result<M, Status> {
    let any: Any = decode(&action.body)?;
    any.unpack()
        .map_err(|e| status::invalid(e.to_string()))?
        .ok_or_else(|| {
            status::invalid(format!(
                "action {} takes {}, not {}",
                action.r#type,
                M::type_url(),
                any.type_url
            ))
        })
}

fn decode<M: Message + Default>(body: &Bytes) -> Result<M, Status> {
    M::decode(&**body).map_err(unreadable)
}

fn unreadable(e: prost::DecodeError) -> Status {
    status::invalid(format!("the message cannot be read: {e}"))
}

fn raw(body: Vec<u8>) -> ActionResult {
    ActionResult { body: body.into() }
}
