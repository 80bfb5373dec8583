//! The catalogue: products with their applications, and the channels that users come through.

use crate::fact::Name;

/// The business time zone of a product unless it says otherwise.
pub const DEFAULT_ZONE: &str = "Asia/Shanghai";
/// How many channels partners have registered.
const CHANNEL_COUNT: usize = 161;
/// How many channels bring users to one product: 443 pairs of 161 × 161 are not empty.
const CHANNELS_A_PRODUCT: usize = 22;
/// Exponents of Zipf's law: the top 10 of 20 products bring 82 %, the top 10 of 161 channels 39 %.
const PRODUCT_SKEW: f64 = 1.02;
const CHANNEL_SKEW: f64 = 0.815;

const PRODUCTS: [&str; 20] = [
    "browser",
    "reader",
    "weather",
    "notes",
    "music",
    "video",
    "cleaner",
    "launcher",
    "keyboard",
    "wallpaper",
    "maps",
    "news",
    "shop",
    "mail",
    "camera",
    "calendar",
    "fitness",
    "radio",
    "translator",
    "games",
];

const STORES: [&str; 16] = [
    "huawei-store",
    "oppo-store",
    "vivo-store",
    "xiaomi-store",
    "honor-store",
    "tencent-myapp",
    "baidu-mobile",
    "qihoo-360",
    "douyin-ads",
    "kuaishou-ads",
    "tencent-ads",
    "baidu-ads",
    "samsung-bundle",
    "lenovo-bundle",
    "own-site",
    "organic-search",
];

/// One application of a product, by the key that its clients send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The key.
    pub app_key: String,
    /// The product it belongs to.
    pub product: Name,
    /// The product's business time zone.
    pub zone: &'static str,
    product_index: usize,
}

/// Products and channels, the same for every seed.
#[derive(Clone, Debug)]
pub struct Catalog {
    applications: Vec<Application>,
    /// For each product, the indexes of its applications.
    of_product: Vec<Vec<usize>>,
    product_cdf: Vec<f64>,
    channels: Vec<Name>,
    /// For each product, channels that bring equal parts of its users; a large one stands twice.
    strata: Vec<Vec<usize>>,
}

impl Default for Catalog {
    fn default() -> Self {
        let product_cdf = zipf_cdf(PRODUCTS.len(), PRODUCT_SKEW);
        let channel_cdf = zipf_cdf(CHANNEL_COUNT, CHANNEL_SKEW);
        let mut applications = Vec::new();
        let mut of_product = Vec::new();
        let mut strata = Vec::new();
        for (index, product) in PRODUCTS.iter().enumerate() {
            let zone = if *product == "maps" {
                "Europe/Berlin"
            } else {
                DEFAULT_ZONE
            };
            let name = Name::from(*product);
            let mut keys = vec![format!("ak-{product}-01")];
            if index == 0 {
                keys.push(format!("ak-{product}-hd"));
            }
            of_product.push((applications.len()..applications.len() + keys.len()).collect());
            applications.extend(keys.into_iter().map(|app_key| Application {
                app_key,
                product: name.clone(),
                zone,
                product_index: index,
            }));
            strata.push(
                (0..CHANNELS_A_PRODUCT)
                    .map(|stratum| {
                        // A low-discrepancy draw within the stratum, so that products differ.
                        let within = (0.5 + 0.618_034 * (index * 31 + stratum * 7) as f64).fract();
                        pick(
                            &channel_cdf,
                            (stratum as f64 + within) / CHANNELS_A_PRODUCT as f64,
                        )
                    })
                    .collect(),
            );
        }
        let channels = (0..CHANNEL_COUNT)
            .map(|index| match STORES.get(index) {
                Some(name) => Name::from(*name),
                None => Name::from(format!("partner-{index:03}")),
            })
            .collect();
        Self {
            applications,
            of_product,
            product_cdf,
            channels,
            strata,
        }
    }
}

impl Catalog {
    /// Every application: the rows of the products dimension.
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// The products' names.
    pub fn products(&self) -> impl Iterator<Item = &Name> {
        self.of_product
            .iter()
            .filter_map(|apps| Some(&self.applications.get(*apps.first()?)?.product))
    }

    /// The application at two points of `[0, 1)`: which product, and which of its applications.
    pub(crate) fn application_at(&self, product: f64, within: f64) -> &Application {
        let apps = &self.of_product[pick(&self.product_cdf, product)];
        let chosen = (within * apps.len() as f64) as usize;
        &self.applications[apps[chosen.min(apps.len() - 1)]]
    }

    /// The channel that brings a product's user at a point of `[0, 1)`.
    pub(crate) fn channel_at(&self, application: &Application, at: f64) -> &Name {
        let strata = &self.strata[application.product_index];
        let chosen = (at * strata.len() as f64) as usize;
        &self.channels[strata[chosen.min(strata.len() - 1)]]
    }
}

/// Cumulated shares of `n` ranks by Zipf's law.
fn zipf_cdf(n: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=n).map(|rank| (rank as f64).powf(-exponent)).collect();
    let total: f64 = weights.iter().sum();
    weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        })
        .collect()
}

/// The rank at a point of `[0, 1)`.
fn pick(cdf: &[f64], at: f64) -> usize {
    cdf.partition_point(|&sum| sum <= at).min(cdf.len() - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn products_and_channels_are_skewed_as_published() {
        let catalog = Catalog::default();
        let mut products: HashMap<Name, u32> = HashMap::new();
        let mut channels: HashMap<Name, u32> = HashMap::new();
        let mut pairs: HashMap<(Name, Name), u32> = HashMap::new();
        let n = 200_000;
        for i in 0..n {
            let u = (f64::from(i) * 0.618_033_988_749_895).fract();
            let v = (f64::from(i) * 0.754_877_666_246_693).fract();
            let app = catalog.application_at(u, v);
            let channel = catalog.channel_at(app, v);
            *products.entry(app.product.clone()).or_default() += 1;
            *channels.entry(channel.clone()).or_default() += 1;
            *pairs
                .entry((app.product.clone(), channel.clone()))
                .or_default() += 1;
        }
        let top = |counts: &HashMap<Name, u32>| {
            let mut sizes: Vec<u32> = counts.values().copied().collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            f64::from(sizes.iter().take(10).sum::<u32>()) / f64::from(n)
        };
        assert!((top(&products) - 0.82).abs() < 0.01, "{}", top(&products));
        assert!((top(&channels) - 0.39).abs() < 0.06, "{}", top(&channels));
        assert_eq!(products.len(), 20);
        assert!((300..=440).contains(&pairs.len()), "{}", pairs.len());
    }

    #[test]
    fn one_product_has_two_applications_and_one_another_zone() {
        let catalog = Catalog::default();
        let of = |product: &str| {
            catalog
                .applications()
                .iter()
                .filter(|a| &*a.product == product)
                .count()
        };
        assert_eq!((of("browser"), of("reader")), (2, 1));
        assert!(
            catalog
                .applications()
                .iter()
                .any(|a| a.zone != DEFAULT_ZONE)
        );
        assert_eq!(catalog.products().count(), 20);
    }
}
