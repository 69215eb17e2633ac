//! How `units`, `status` and `why` write a unit and its pins as JSON: one form, which `docs/json.md` describes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{ImageName, ImageUri, Known, Place, Region, Tag, UnitPath};
use crate::repo::image::Decider;
use crate::repo::{Idle, ImageUse, Pin, Remark, Repository, Trail, Unit, UnitTag};

/// The version of the form. Fields are added without a new one, and never removed.
pub const SCHEMA: u32 = 1;

/// A unit.
#[derive(Debug, Serialize)]
pub struct UnitForm<'a> {
    pub path: &'a str,
    pub kind: &'a str,
    pub account: Option<AccountForm<'a>>,
    /// Outside of `units` nothing is said of profiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_from: Option<String>,
    pub region: Option<&'a Region>,
    pub module_ref: Option<&'a str>,
    pub module: ModuleForm<'a>,
    pub images: BTreeMap<&'a str, Option<ImageForm<'a>>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<&'a str, ImageForm<'a>>,
    /// Why values are null, by their way in this form.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unresolved: BTreeMap<String, String>,
    /// Variables of the user's shell in whose place the default of `get_env` is used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub defaults_used: Vec<DefaultForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<ExclusionForm<'a>>,
}

/// Its account.
#[derive(Debug, Serialize)]
pub struct AccountForm<'a> {
    pub name: &'a str,
    pub id: &'a str,
    pub evidence: Vec<String>,
}

/// Its module.
#[derive(Debug, Serialize)]
pub struct ModuleForm<'a> {
    pub source: Option<&'a str>,
    #[serde(rename = "ref")]
    pub reference: Option<&'a str>,
    pub decided_by: Option<PinPlace<'a>>,
}

/// A default that is used although the variable is set.
#[derive(Debug, Serialize)]
pub struct DefaultForm<'a> {
    pub variable: &'a str,
    pub file: &'a str,
    pub line: Option<usize>,
}

/// What leaves it out of plans or applies.
#[derive(Debug, Serialize)]
pub struct ExclusionForm<'a> {
    pub by: &'a str,
    pub place: String,
    pub unknown_because: Option<&'a str>,
}

/// An image of a unit.
#[derive(Debug, Serialize)]
pub struct ImageForm<'a> {
    pub uri: Option<&'a ImageUri>,
    pub tag: Option<&'a Tag>,
    pub unknown_because: Option<&'a str>,
    /// Whether configurations get different tags.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub differs: bool,
    pub decided_by: Vec<DeciderForm<'a>>,
    /// `why` alone: strings that are named like the tag and decide nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_used: Option<Vec<IdleForm<'a>>>,
}

/// What decides the tag of one configuration.
#[derive(Debug, Serialize)]
pub struct DeciderForm<'a> {
    pub configuration: &'a str,
    pub input: &'a str,
    pub uri: Option<&'a ImageUri>,
    pub tag: Option<&'a Tag>,
    pub unknown_because: Option<&'a str>,
    pub file: Option<&'a str>,
    pub line: Option<usize>,
    pub expression: &'a str,
    pub is_pin: bool,
    pub pin: Option<PinPlace<'a>>,
    /// `why` alone: how the tag came from there to the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail: Option<TrailForm<'a>>,
}

/// Where a pin is.
#[derive(Debug, Serialize)]
pub struct PinPlace<'a> {
    pub file: &'a str,
    pub line: usize,
    pub key: &'a str,
}

/// A pin with the units whose tags it decides.
#[derive(Debug, Serialize)]
pub struct PinForm<'a> {
    pub image: ImageName,
    pub file: &'a str,
    pub line: usize,
    pub key: &'a str,
    pub tag: &'a str,
    pub decides: Vec<&'a str>,
}

/// A string that is named like a pin and decides nothing.
#[derive(Debug, Serialize)]
pub struct IdleForm<'a> {
    pub file: &'a str,
    pub line: Option<usize>,
    pub key: &'a str,
    pub value: &'a str,
}

/// The way of a tag, from the input to what decides it.
#[derive(Debug, Serialize)]
pub struct TrailForm<'a> {
    pub hops: Vec<HopForm<'a>>,
    pub from: Vec<Self>,
}

/// A step of it.
#[derive(Debug, Serialize)]
pub struct HopForm<'a> {
    pub file: &'a str,
    pub line: Option<usize>,
    pub expression: &'a str,
}

/// How much is told of what decides.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// The line that decides.
    Line,
    /// Also the way from there, and what is not used.
    Way(&'a [Idle]),
}

/// A unit with these of its images; `profile` is left to `units`.
pub fn unit<'a>(unit: &'a Unit, images: &[ImageName], detail: Detail<'a>) -> UnitForm<'a> {
    let mut unresolved = BTreeMap::new();
    let account = known(unit.account.as_result(), "account", &mut unresolved);
    let region = known(unit.region.as_result(), "region", &mut unresolved);
    let module_ref = match unit.module.version() {
        Known::Value(version) => version,
        Known::Unknown(reason) => {
            unresolved.insert("module_ref".to_owned(), reason);
            None
        }
    };
    let own = images.iter().map(|name| {
        let form = unit.image(*name).map(|uses| {
            known(uses.uri.as_result(), &format!("images.{name}.uri"), &mut unresolved);
            known(uses.tag.as_result(), &format!("images.{name}.tag"), &mut unresolved);
            image(*name, uses, detail)
        });
        (name.as_str(), form)
    });
    let own = own.collect();
    let others = unit.others.iter().map(|other| {
        let name = other.configuration.as_str();
        let uri = known(other.uri.as_result(), &format!("others.{name}.uri"), &mut unresolved);
        let tag = known(other.tag.as_result(), &format!("others.{name}.tag"), &mut unresolved);
        let (unknown_because, decided_by) = (other.tag.reason(), vec![decider(other, detail)]);
        (name, ImageForm { uri, tag, unknown_because, differs: false, decided_by, not_used: None })
    });
    let others = others.collect();
    UnitForm {
        path: unit.path.as_str(),
        kind: unit.kind.as_str(),
        account: account.map(|account| AccountForm {
            name: &account.name,
            id: account.id.as_str(),
            evidence: account.evidence.iter().map(ToString::to_string).collect(),
        }),
        profile: None,
        profile_from: None,
        region,
        module_ref,
        module: ModuleForm {
            source: unit.module.source.value().map(String::as_str),
            reference: unit.module.reference(),
            decided_by: unit.module.pin.as_ref().map(pin_place),
        },
        images: own,
        others,
        unresolved,
        defaults_used: unit.remarks.iter().map(default_form).collect(),
        excluded: unit.excluded.as_ref().map(|it| ExclusionForm {
            by: &it.by,
            place: it.place.to_string(),
            unknown_because: it.doubt.as_deref(),
        }),
    }
}

/// The pins of these images, by image and place.
pub fn pins<'r>(repo: &'r Repository, images: &[ImageName]) -> Vec<PinForm<'r>> {
    let of_images = repo.pins().into_iter().filter(|decided| images.contains(&decided.image));
    let form = of_images.map(|decided| PinForm {
        image: decided.image,
        file: &decided.pin.file,
        line: decided.pin.line,
        key: &decided.pin.key,
        tag: &decided.pin.value,
        decides: decided.units.into_iter().map(UnitPath::as_str).collect(),
    });
    form.collect()
}

fn known<'a, T>(value: Result<&'a T, &str>, name: &str, unresolved: &mut BTreeMap<String, String>) -> Option<&'a T> {
    value.map_err(|reason| unresolved.insert(name.to_owned(), reason.to_owned())).ok()
}

fn image<'a>(name: ImageName, uses: &'a ImageUse, detail: Detail<'a>) -> ImageForm<'a> {
    let not_used = match detail {
        Detail::Line => None,
        Detail::Way(idle) => Some(idle.iter().filter(|idle| idle.image == Some(name)).map(idle_form).collect()),
    };
    ImageForm {
        uri: uses.uri.value(),
        tag: uses.tag.value(),
        unknown_because: uses.tag.reason(),
        differs: uses.tag == UnitTag::Differ,
        decided_by: uses.deciders.iter().map(|it| decider(it, detail)).collect(),
        not_used,
    }
}

fn decider<'a>(decider: &'a Decider, detail: Detail<'_>) -> DeciderForm<'a> {
    let place = decider.place.as_ref();
    DeciderForm {
        configuration: &decider.configuration,
        input: &decider.input,
        uri: decider.uri.value(),
        tag: decider.tag.value(),
        unknown_because: decider.tag.reason(),
        file: place.map(|place| place.file.as_str()),
        line: place.and_then(|place| place.line),
        expression: &decider.expression,
        is_pin: decider.pin.is_some(),
        pin: decider.pin.as_ref().map(pin_place),
        trail: matches!(detail, Detail::Way(_)).then(|| trail(&decider.trail)),
    }
}

fn pin_place(pin: &Pin) -> PinPlace<'_> {
    PinPlace { file: &pin.file, line: pin.line, key: &pin.key }
}

fn default_form(remark: &Remark) -> DefaultForm<'_> {
    let Remark::Withheld { variable, place } = remark;
    DefaultForm { variable, file: &place.file, line: place.line }
}

fn idle_form(idle: &Idle) -> IdleForm<'_> {
    let Place { file, line, .. } = &idle.place;
    IdleForm { file, line: *line, key: &idle.key, value: &idle.value }
}

fn trail(trail: &Trail) -> TrailForm<'_> {
    let hops = trail.hops.iter().map(|hop| HopForm {
        file: &hop.place.file,
        line: hop.place.line,
        expression: &hop.expression,
    });
    TrailForm { hops: hops.collect(), from: trail.from.iter().map(self::trail).collect() }
}
