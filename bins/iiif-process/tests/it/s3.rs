//! Everything in S3: config, instructions, sources, derivatives, reports.

use iiif_testkit::s3::{S3Server, SECRET_ACCESS_KEY};
use serde_json::{Value, json};

use crate::studio::{Studio, documented_instructions, photo_jpeg};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_live_in_s3_alone() {
    let server = S3Server::start().await.unwrap();
    for bucket in ["config", "sources", "made"] {
        server.create_bucket(bucket).unwrap();
    }
    let config = json!({
        "images": { "source": { "uri": server.bucket_uri("sources") } },
        "derivatives": { "cache": { "uri": server.bucket_uri("made") } }
    });
    let write = |bucket: &str, key: &str, bytes: &[u8]| {
        let path = server.folder(bucket).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("config", "config.json", config.to_string().as_bytes());
    write(
        "config",
        "instructions.json",
        documented_instructions().to_string().as_bytes(),
    );
    write("sources", "scans/a b+c.jpg", &photo_jpeg(640, 480));
    let config = server.bucket_uri("config");
    let run = tokio::task::spawn_blocking(move || {
        Studio::new().run_bare(&[
            "-config-source",
            &config,
            "-instructions-source",
            &config,
            "-report",
            "file:///scans/a%20b+c.jpg?target=x y",
        ])
    })
    .await
    .unwrap();
    run.assert_code(0);
    let report = run.report("scans/a b+c.jpg");
    let made = server.folder("made").join("x y");
    for key in [
        "full/full/-1/color.jpg",
        "full/!2048,1536/0/color.png",
        "-1,-1,320,320/full/0/dither.jpg",
    ] {
        assert!(made.join(key).exists(), "{key}");
    }
    let stored: Value =
        serde_json::from_slice(&std::fs::read(made.join("process.json")).unwrap()).unwrap();
    assert_eq!(stored, report);
    assert!(!run.stderr.contains(SECRET_ACCESS_KEY) && !run.stdout.contains(SECRET_ACCESS_KEY));
}
