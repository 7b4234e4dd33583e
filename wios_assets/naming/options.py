"""Limits and weights of gallery verdicts and of naming, with their units and defaults.

Distances are Euclidean, between embeddings of dlib and SFace together (`vision.paired_embedder`): two photos of one
person lie 0.2 to 0.6 apart, two people's 0.6 to 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GalleryOptions:
    """Criteria for using a photo of a cast member.

    Attributes:
        longest_side: pixels that a photo is shrunk to before faces are looked for.
        smallest_face: height in the photo's own pixels below which a face is too small to be used.
        smallest_seen: height in the photo's own pixels down to which faces are looked for at all.
        blur: variance of the chip's Laplacian below which a face is blurred.
        unlike: distance from the actor's other photos beyond which the one face of a photo is someone else.
        agree: distance from the actor's other photos up to which one of several faces is chosen.
        agree_margin: by how much the other faces of that photo must lie farther from them.
        elsewhere: distance from another actor's photos up to which a face is taken for that actor.
        dominant: the only photo of an actor, where it shows several people, gives its largest face if the next one is
            at most this share as high.
        framed: it gives its largest face as well if the next one is at most this share as high, and
        central: the largest lies at most this share of the photo's width from the middle, and
        aside: every other face at least this share.
        same_picture: differing bits of 64 up to which two pictures' perceptual hashes are one picture.
        same_face: distance below which two photos are one picture, cropped or scaled.
        faint: share of the other side's best detector score below which one side of a tie is given up: a drawing, a
            painting or coarse pixels are a face to the detector, but a faint one. Depends on the detector.
        thumbnail_side: longest side of the thumbnails, pixels.
    """

    longest_side: int = 960
    smallest_face: float = 40.0
    smallest_seen: float = 20.0
    blur: float = 9.0
    unlike: float = 0.65
    agree: float = 0.56
    agree_margin: float = 0.08
    elsewhere: float = 0.45
    dominant: float = 0.5
    framed: float = 0.85
    central: float = 0.15
    aside: float = 0.28
    same_picture: int = 6
    same_face: float = 0.12
    faint: float = 0.7
    thumbnail_side: int = 200


@dataclass(frozen=True)
class NamingOptions:
    """Criteria for naming a track.

    Evidence is in natural logarithms of likelihood ratios; a score is a distance in standard deviations below the
    distances to other people (`naming.normalisation`). `python -m benchmarks.naming_fit` fits the numbers marked
    (fitted) and prints how they vary when films are left out.

    Attributes:
        wrong_names: share of a film's named tracks that may be wrong, by their own probabilities.
        sure_names: number of certain names added to a film's own when that share is computed.
        certain: least probability with which a track is named.
        surest: largest probability ever stated.
        as_decided: probability of a name that a person gave to another track of the same person of the film.
        perhaps: least probability of the likeliest cast member at which an unnamed track is weak and lists its
            likeliest names; below, it shows an unknown person.
        perhaps_listed: least probability with which a name is listed.
        nearest_photos: photos of an actor, the nearest, whose mean distance stands for the actor; 0 for the distance
            to the mean of all photos.
        impostor_mean: mean distance of a track to the photos of other people.
        impostor_mean_spread: standard deviation of that mean between tracks.
        impostor_spread: standard deviation, for one track, of its distances to other people.
        spread_people: how many people `impostor_spread` counts for when a track's own spread is estimated.
        follows: share of a track's deviation from `impostor_mean` that its actors' distances share. (fitted)
        photo_pairs: median distance of a photo to another person's photos, at which the three numbers above hold.
        photo_people: how many people `photo_pairs` counts for beside the galleries; none for an engine, or a way of
            comparing, that the numbers were not measured with.
        photo_level: score at which an actor's photos speak neither for nor against the actor. (fitted)
        photo_slope: evidence of one standard deviation. (fitted)
        photo_quality: by how much the level rises from a track of quality 0 to one of quality 1: a clear picture of
            the actor would be nearer. (fitted)
        recognisable: quality at which a face can be recognised in half of all cases. (fitted)
        photo_least, photo_most: bounds of the evidence of photos.
        film_mean: mean score of two tracks of different people, at quality 0.1.
        film_quality: by how much it falls when the quality (geometric mean of the two) is e times higher.
        film_shift: by how much it is higher for faces of one picture, which share light and grain.
        film_pairs: how many pairs of such faces `film_shift` counts for beside the film's own.
        film_level: score, above the film's mean, at which likeness to a person of the film says nothing. (fitted)
        film_slope: evidence of one standard deviation. (fitted)
        film_most: largest evidence of likeness within the film; a lack of it, as from the side, is no evidence.
        same_person: mean score, above the film's mean, from which on tracks are one person of the film.
        teaches: least probability, by photos alone, of a person of the film that others may be compared with.
        together: evidence against an actor who is on screen at the same time as another face.
        strangers: share of tracks expected to show people outside the cast. (fitted)
        strangers_tracks: how many tracks that expectation counts for beside the film's own.
        own_share: weight of an actor's own share of the film's tracks beside the mean of the cast, 0 to 1.
        screen_time: power of time on screen, over the median of the film's people, in the odds of being in the cast.
            (fitted)
    """

    wrong_names: float = 0.01
    sure_names: float = 15.0
    certain: float = 0.85
    surest: float = 0.998
    as_decided: float = 0.93
    perhaps: float = 0.45
    perhaps_listed: float = 0.05
    nearest_photos: int = 3
    impostor_mean: float = 0.758
    impostor_mean_spread: float = 0.032
    impostor_spread: float = 0.032
    spread_people: float = 20.0
    follows: float = 0.65
    photo_pairs: float = 0.792
    photo_people: float = 20.0
    photo_level: float = 2.0
    photo_slope: float = 2.4
    photo_quality: float = 0.8
    recognisable: float = 0.008
    photo_least: float = -5.0
    photo_most: float = 12.0
    film_mean: float = 1.2
    film_quality: float = 0.7
    film_shift: float = 0.5
    film_pairs: float = 10.0
    film_level: float = 3.5
    film_slope: float = 1.3
    film_most: float = 5.0
    same_person: float = 4.25
    teaches: float = 0.98
    together: float = -6.0
    strangers: float = 0.5
    strangers_tracks: float = 6.0
    own_share: float = 0.15
    screen_time: float = 0.5
