//! Figures for who runs the service, in the text format of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::memory::Memory;

/// Figures since the process began.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram>,
    derivatives: Family<Origin, Counter>,
    work: Family<Work, Gauge>,
    work_bytes: Family<Lane, Gauge>,
    held_bytes: Family<Holder, Gauge>,
    lookups: Family<Lookup, Counter>,
}

/// How often something was looked for in a cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookups {
    /// It was there.
    pub(crate) kept: Counter,
    /// It was just being made for somebody else.
    pub(crate) underway: Counter,
    /// It was not there, and was made.
    pub(crate) missing: Counter,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Kind {
    Info,
    Image,
    Other,
}

/// Where a derivative came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum ServedFrom {
    Memory,
    Bucket,
    Made,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    kind: Kind,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Origin {
    from: ServedFrom,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Work {
    lane: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lane {
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Holder {
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lookup {
    what: &'static str,
    found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Found {
    Kept,
    Underway,
    Missing,
}

/// Upper bounds of the classes of latency, in seconds: from what is in memory to what is turned away.
const LATENCIES_SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

impl Kind {
    pub(crate) fn of(path: &str) -> Self {
        let last = path.rsplit('/').next().unwrap_or("");
        if last == "info.json" {
            Self::Info
        } else if path.split('/').count() > 5 {
            Self::Image
        } else {
            Self::Other
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let requests = Family::default();
        let seconds = Family::new_with_constructor(
            (|| Histogram::new(LATENCIES_SECONDS)) as fn() -> Histogram,
        );
        let derivatives = Family::default();
        let work = Family::default();
        let work_bytes = Family::default();
        let held_bytes = Family::default();
        let lookups = Family::default();
        let mut registry = Registry::with_prefix("iiif");
        registry.register(
            "requests",
            "Requests that were answered",
            Family::clone(&requests),
        );
        let help = "How long answers took";
        registry.register_with_unit("request", help, Unit::Seconds, Family::clone(&seconds));
        let help = "Derivatives that were served, by where they came from";
        registry.register("derivatives", help, Family::clone(&derivatives));
        let help = "Decodes and renderings that run, and requests that wait for them";
        registry.register("work", help, Family::clone(&work));
        let help = "Memory that decodes and renderings may take that run";
        registry.register_with_unit("work", help, Unit::Bytes, Family::clone(&work_bytes));
        let help = "What is held in memory, because it is kept or still in use";
        registry.register_with_unit("held", help, Unit::Bytes, Family::clone(&held_bytes));
        let help = "Lookups in the caches in memory, by what was found";
        registry.register("lookups", help, Family::clone(&lookups));
        Self {
            registry,
            requests,
            seconds,
            derivatives,
            work,
            work_bytes,
            held_bytes,
            lookups,
        }
    }

    /// Returns the counters of the cache of `what`.
    pub(crate) fn lookups(&self, what: &'static str) -> Lookups {
        let counter = |found| {
            let lookup = Lookup { what, found };
            self.lookups.get_or_create_owned(&lookup)
        };
        Lookups {
            kept: counter(Found::Kept),
            underway: counter(Found::Underway),
            missing: counter(Found::Missing),
        }
    }

    pub(crate) fn note(&self, kind: Kind, status: u16, elapsed: Duration) {
        self.requests
            .get_or_create(&Answered { kind, status })
            .inc();
        let seconds = elapsed.as_secs_f64();
        self.seconds.get_or_create(&Asked { kind }).observe(seconds);
    }

    pub(crate) fn note_derivative(&self, from: ServedFrom) {
        self.derivatives.get_or_create(&Origin { from }).inc();
    }

    /// Returns all figures as text; those of the moment are of `memory`.
    pub(crate) fn text(&self, memory: &Memory) -> String {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for work in memory.admission.work() {
            let lane = work.lane;
            let states = [
                ("running", work.running),
                ("reading", work.reading),
                ("waiting", work.waiting),
            ];
            for (state, count) in states {
                let gauge = self.work.get_or_create(&Work { lane, state });
                gauge.set(number(count as u64));
            }
            let gauge = self.work_bytes.get_or_create(&Lane { lane });
            gauge.set(number(work.bytes));
        }
        for (what, bytes) in memory.held_bytes() {
            let gauge = self.held_bytes.get_or_create(&Holder { what });
            gauge.set(number(bytes));
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _infallible = encode(&mut text, &self.registry);
        text
    }
}
