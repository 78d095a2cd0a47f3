//! Everything in S3: config, instructions, sources, derivatives, reports.

use std::time::Duration;

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

#[tokio::test(flavor = "multi_thread")]
async fn objects_travel_while_others_are_decoded() {
    let server = S3Server::start_with_delay(Duration::from_millis(50)).await;
    let server = server.unwrap();
    server.create_bucket("sources").unwrap();
    server.create_bucket("made").unwrap();
    let photo = photo_jpeg(160, 120);
    let names: Vec<String> = (0..12).map(|index| format!("{index}.jpg")).collect();
    for name in &names {
        std::fs::write(server.folder("sources").join(name), &photo).unwrap();
    }
    let (sources, made) = (server.bucket_uri("sources"), server.bucket_uri("made"));
    let run = tokio::task::spawn_blocking(move || {
        let studio = Studio::new();
        studio.write_instructions(&json!({ "b": { "size": "!64,64" } }));
        let mut args = vec!["-concurrency", "1", "-config-images-source-uri", &sources];
        args.extend(["-config-derivatives-cache-uri", &made]);
        args.extend(names.iter().map(String::as_str));
        studio.run(&args)
    })
    .await
    .unwrap();
    run.assert_code(0);
    // One image at a time with one derivative would never make two requests at once.
    let most = server.most_requests_at_once();
    assert!(most > 2, "{most}");
}
