use serde_json::json;

use super::*;

fn s3(name: &str, key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": "scans"}, "object": {"key": key, "size": 1}},
    }]})
}

fn keys(event: &Value) -> Vec<String> {
    let deliveries = deliveries(event).expect("an event");
    let objects = deliveries.into_iter().flat_map(|delivery| delivery.objects);
    objects
        .map(|object| object.expect("an object"))
        .map(|object| format!("{}/{}", object.bucket, object.key))
        .collect()
}

#[test]
fn created_objects_of_every_source_are_read() {
    let direct = s3("ObjectCreated:Put", "2024/a+b%2Bc%C3%A9.jpg");
    let body = direct.to_string();
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": body}}]});
    let sqs = |body: &str| {
        json!({"Records": [
            {"eventSource": "aws:sqs", "messageId": "1", "body": body},
        ]})
    };
    let envelope = json!({"Type": "Notification", "Message": body}).to_string();
    let bridge = json!({
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "scans"}, "object": {"key": "2024/a b+cé.jpg"}},
    });
    for event in [
        direct.clone(),
        sns,
        sqs(&body),
        sqs(&envelope),
        sqs(&bridge.to_string()),
        bridge,
    ] {
        assert_eq!(keys(&event), ["scans/2024/a b+cé.jpg"], "{event}");
    }
}

#[test]
fn only_created_objects_count() {
    for (name, count) in [
        ("ObjectCreated:CompleteMultipartUpload", 1),
        ("s3:ObjectCreated:Copy", 1),
        ("", 1),
        ("ObjectRemoved:Delete", 0),
        ("ObjectRestore:Completed", 0),
        ("ObjectTagging:Put", 0),
    ] {
        assert_eq!(keys(&s3(name, "a.jpg")).len(), count, "{name}");
    }
    let deleted = json!({
        "detail-type": "Object Deleted",
        "detail": {"bucket": {"name": "scans"}, "object": {"key": "a.jpg"}},
    });
    assert!(keys(&deleted).is_empty());
}

#[test]
fn the_test_of_a_new_notification_is_no_event() {
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "scans"});
    assert!(keys(&test).is_empty());
    let queued = json!({"Records": [
        {"eventSource": "aws:sqs", "messageId": "1", "body": test.to_string()},
    ]});
    assert!(keys(&queued).is_empty());
}

#[test]
fn a_message_that_cannot_be_read_fails_alone() {
    let good = s3("ObjectCreated:Put", "a.jpg").to_string();
    let event = json!({"Records": [
        {"eventSource": "aws:sqs", "messageId": "1", "body": "{"},
        {"eventSource": "aws:sqs", "messageId": "2", "body": good},
        {"eventSource": "aws:sqs", "messageId": "3", "body": s3("", "%ff.jpg").to_string()},
    ]});
    let found = deliveries(&event).expect("an event");
    let ids: Vec<_> = found.iter().map(|one| one.message_id.as_deref()).collect();
    assert_eq!(ids, [Some("1"), Some("2"), Some("3")]);
    assert!(matches!(
        found[0].objects[..],
        [Err(EventError::Malformed(_))]
    ));
    assert!(matches!(found[1].objects[..], [Ok(_)]));
    assert!(matches!(
        found[2].objects[..],
        [Err(EventError::Key { .. })]
    ));
}

#[test]
fn a_key_that_cannot_be_read_fails_alone() {
    let mut event = s3("ObjectCreated:Put", "%ff.jpg");
    let good = s3("ObjectCreated:Put", "a.jpg")["Records"][0].take();
    let records = event["Records"].as_array_mut().expect("records");
    records.push(good);
    let message = json!({"eventSource": "aws:sqs", "messageId": "1", "body": event.to_string()});
    let mails = [event.to_string(), "{".to_owned()];
    let mails = mails.map(|text| json!({"EventSource": "aws:sns", "Sns": {"Message": text}}));
    for event in [
        event,
        json!({"Records": [message]}),
        json!({ "Records": mails }),
    ] {
        let found = deliveries(&event).expect("an event").remove(0).objects;
        assert!(matches!(found[0], Err(EventError::Key { .. })), "{event}");
        let read = found[1].as_ref().map(|object| &object.key[..]);
        assert_eq!(read.ok(), Some("a.jpg"), "{event}");
    }
}

#[test]
fn other_events_are_refused() {
    for event in [
        json!({}),
        json!(null),
        json!("text"),
        json!({"Event": "another"}),
        json!({"Records": [{"eventSource": "aws:kinesis"}]}),
        json!({"Records": [{"eventSource": "aws:sqs"}]}),
    ] {
        assert!(deliveries(&event).is_err(), "{event}");
    }
    assert!(keys(&json!({"Records": []})).is_empty());
}
