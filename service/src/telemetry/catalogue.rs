//! Every metric of a daemon: its name, its unit, what it says.

use metrics::{Unit, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use super::{ProcessMetrics, unix_time};

/// What kind of metric, and the upper bounds of a histogram's buckets.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

/// A metric as /metrics shows it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub sort: Sort,
    pub unit: Unit,
    pub about: &'static str,
}

/// Declares metrics, after the prefix of their names: `counter`, `gauge` or a
/// histogram's buckets, constant, name after the prefix, unit, description. What every
/// process tells is among them. Names exist there only.
#[macro_export]
macro_rules! metrics {
    (
        prefix $prefix:literal;
        $($sort:ident $constant:ident = $name:literal, $unit:ident, $about:literal;)*
    ) => {
        $(pub(super) const $constant: &str = concat!($prefix, $name);)*

        /// All of them.
        pub const ALL: &[$crate::telemetry::Metric] = &[
            $($crate::telemetry::Metric {
                name: $constant,
                sort: $crate::sort_of_metric!($sort),
                unit: $crate::telemetry::Unit::$unit,
                about: $about,
            },)*
            $crate::telemetry::Metric {
                name: PROCESS.healthy,
                sort: $crate::telemetry::Sort::Gauge,
                unit: $crate::telemetry::Unit::Count,
                about: "Whether /healthz says yes",
            },
            $crate::telemetry::Metric {
                name: PROCESS.ready,
                sort: $crate::telemetry::Sort::Gauge,
                unit: $crate::telemetry::Unit::Count,
                about: "Whether /readyz says yes",
            },
            $crate::telemetry::Metric {
                name: PROCESS.resident_memory,
                sort: $crate::telemetry::Sort::Gauge,
                unit: $crate::telemetry::Unit::Bytes,
                about: "Memory that the process occupies",
            },
            $crate::telemetry::Metric {
                name: PROCESS.start_time,
                sort: $crate::telemetry::Sort::Gauge,
                unit: $crate::telemetry::Unit::Seconds,
                about: "When the process started (unix time)",
            },
            $crate::telemetry::Metric {
                name: PROCESS.build_info,
                sort: $crate::telemetry::Sort::Gauge,
                unit: $crate::telemetry::Unit::Count,
                about: "1, with the version",
            },
        ];

        const PROCESS: $crate::telemetry::ProcessMetrics = $crate::telemetry::ProcessMetrics {
            healthy: concat!($prefix, "healthy"),
            ready: concat!($prefix, "ready"),
            resident_memory: concat!($prefix, "resident_memory_bytes"),
            start_time: concat!($prefix, "start_time_seconds"),
            build_info: concat!($prefix, "build_info"),
        };

        /// What the server of /metrics has to know.
        pub(super) const CATALOGUE: $crate::telemetry::Catalogue = $crate::telemetry::Catalogue {
            all: ALL,
            process: PROCESS,
            version: env!("CARGO_PKG_VERSION"),
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! sort_of_metric {
    (counter) => {
        $crate::telemetry::Sort::Counter
    };
    (gauge) => {
        $crate::telemetry::Sort::Gauge
    };
    ($buckets:ident) => {
        $crate::telemetry::Sort::Histogram($buckets)
    };
}

/// Declares a closed set of values of a label: nothing that grows with games or players.
#[macro_export]
macro_rules! label {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $value:ident = $label:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $value),*
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$value),*];

            /// As metrics show it.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$value => $label),*
                }
            }
        }
    };
}

/// The metrics of a daemon, as [`metrics!`](crate::metrics) declares them.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    pub all: &'static [Metric],
    pub process: ProcessMetrics,
    /// Of the daemon.
    pub version: &'static str,
}

impl Catalogue {
    /// A recorder that knows the metrics' buckets.
    pub fn recorder(&self) -> PrometheusRecorder {
        let mut builder = PrometheusBuilder::new();
        for metric in self.all {
            if let Sort::Histogram(buckets) = metric.sort {
                let name = Matcher::Full(metric.name.to_owned());
                // Refused are empty lists only.
                builder = match builder.set_buckets_for_metric(name, buckets) {
                    Ok(builder) => builder,
                    Err(_) => PrometheusBuilder::new(),
                };
            }
        }
        builder.build_recorder()
    }

    /// Describes every metric and shows it at zero, by `register`, so that rates are
    /// right from the first event on, and a metric that nothing happened to is told from
    /// one that is not there.
    pub(super) fn register(&self, register: impl FnOnce()) {
        for metric in self.all {
            let (name, unit) = (metric.name, metric.unit);
            match metric.sort {
                Sort::Counter => metrics::describe_counter!(name, unit, metric.about),
                Sort::Gauge => metrics::describe_gauge!(name, unit, metric.about),
                Sort::Histogram(_) => metrics::describe_histogram!(name, unit, metric.about),
            }
        }
        register();
        let process = self.process;
        for name in [process.healthy, process.ready, process.resident_memory] {
            gauge!(name).set(0.0);
        }
        gauge!(process.build_info, "version" => self.version).set(1.0);
        gauge!(process.start_time).set(unix_time());
    }

    /// What /metrics shows before anything has happened.
    pub fn shown_at_first(&self, register: impl FnOnce()) -> String {
        let recorder = self.recorder();
        metrics::with_local_recorder(&recorder, || self.register(register));
        recorder.handle().render()
    }
}
