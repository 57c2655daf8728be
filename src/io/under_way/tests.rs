use futures_util::FutureExt;

use super::UnderWay;

#[tokio::test]
async fn it_waits_for_the_last() {
    let under_way = UnderWay::default();
    under_way.none().await;
    let (first, second) = (under_way.begin(), under_way.begin());
    drop(first);
    assert!(under_way.none().now_or_never().is_none());
    drop(second);
    under_way.none().await;
}
